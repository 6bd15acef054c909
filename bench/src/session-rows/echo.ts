import { median } from "../percentile.ts";
import { BareRig } from "../rig/bare-rig.ts";
import { RelayRig } from "../rig/relay-rig.ts";
import { compare, type Row } from "../row.ts";
import { EchoingRun } from "./echoing-run.ts";
import { cpuMicrosDuring, pace, until } from "./load-round.ts";

const rounds = 5;
const terminals = 8;
/** Somebody who holds a key down. */
const perSecond = 40;
const roundMs = 4000;

/** One terminal: keystrokes, each after the echo of the one before, and the times until their echoes. */
interface Terminal {
  readonly tripsMs: number[];
  type(): void;
  isWaiting(): boolean;
}

/** A terminal-sized echo from a viewer over the relay to the bridge and back, beside an object that only forwards. */
export async function measureEcho(): Promise<Row[]> {
  await using rig = await RelayRig.start();
  await using bare = await BareRig.start();
  const sides = {
    ours: { pid: rig.pid, terminals: await Promise.all(Array.from({ length: terminals }, () => openOurs(rig))) },
    peer: { pid: bare.pid, terminals: await Promise.all(Array.from({ length: terminals }, () => openBare(bare))) },
  };
  const cpu = { ours: [] as number[], peer: [] as number[] };
  const trip = { ours: [] as number[], peer: [] as number[] };
  for (let round = -1; round < rounds; round++) {
    for (const side of ["ours", "peer"] as const) {
      const { pid, terminals: open } = sides[side];
      for (const { tripsMs } of open) tripsMs.length = 0;
      const used = await cpuMicrosDuring(pid, async () => {
        await pace((actor) => open[actor]?.type(), { actors: terminals, perSecond, forMs: roundMs });
        await until(() => open.every((terminal) => !terminal.isWaiting()), `${side}: the last echoes`);
      });
      const tripsMs = open.flatMap((terminal) => terminal.tripsMs);
      if (round < 0) continue; // The first warms both up.
      cpu[side].push(used / tripsMs.length);
      trip[side].push(median(tripsMs) * 1000);
    }
  }
  const config = {
    rounds,
    terminals,
    keystrokesPerSecond: perSecond,
    roundMs,
    contentBytes: 100,
    path: "input → input → inputState, output → inputState, output",
  };
  const common = { unit: "µs", direction: "at most", peerName: "bare object", config } as const;
  return [
    compare({
      ...common,
      what: "echo, relay CPU a round trip",
      ours: median(cpu.ours),
      peer: median(cpu.peer),
      bar: 1.5,
    }),
    compare({ ...common, what: "echo, round trip p50", ours: median(trip.ours), peer: median(trip.peer), bar: 1.6 }),
  ];
}

function timed(send: (count: number) => void): { terminal: Terminal; echoed: () => void } {
  const tripsMs: number[] = [];
  let sentAtMs: number | null = null;
  let count = 0;
  const type = () => {
    if (sentAtMs !== null) return;
    sentAtMs = performance.now();
    send(count++);
  };
  const echoed = () => {
    tripsMs.push(performance.now() - (sentAtMs ?? NaN));
    sentAtMs = null;
  };
  return { terminal: { tripsMs, type, isWaiting: () => sentAtMs !== null }, echoed };
}

async function openOurs(rig: RelayRig): Promise<Terminal> {
  const identity = await rig.register();
  const run = new EchoingRun();
  const { runId } = run;
  const { promise: watched, resolve } = Promise.withResolvers<void>();
  const bridge = await rig.openBridge(identity, {
    onInterest: ({ runs }) => runs.length > 0 && resolve(),
    onInput(input) {
      for (const frame of run.answers(input)) bridge.send(frame);
    },
  });
  const { terminal, echoed } = timed((count) => void run.keystroke(count).then((text) => viewer.send(text)));
  const take = async (message: Buffer) => {
    for (let count = await run.countEchoes(message); count > 0; count--) echoed();
  };
  const viewer = await rig.openViewer(identity, [`output:${runId}`, `input:${runId}`], (message) => void take(message));
  viewer.send(JSON.stringify({ type: "watchOutput", runId, fromOffset: 0 }));
  await watched;
  return terminal;
}

async function openBare(bare: BareRig): Promise<Terminal> {
  const run = new EchoingRun();
  const { keystroke, echo } = await run.bareTexts();
  const bridge = await bare.open("bridge", run.runId, () => bridge.send(echo));
  const viewer = await bare.open("viewer", run.runId, () => echoed());
  const { terminal, echoed } = timed(() => viewer.send(keystroke));
  return terminal;
}
