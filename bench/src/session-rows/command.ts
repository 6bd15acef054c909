import { setTimeout as delay } from "node:timers/promises";
import { RedisQueue } from "../peers/redis-queue.ts";
import { median } from "../percentile.ts";
import { CommandRoad } from "../rig/command-road.ts";
import { cpuMicros } from "../rig/process-usage.ts";
import { compare, type Row } from "../row.ts";

const rounds = 3;
const perRound = 300;
const inFlight = 64;
const singles = 60;

/** Steps of one command that is alone on the road, in their order. */
const hops = [
  "client → API has it durably",
  "API → relay stores and dispatches it → bridge",
  "bridge: verified and RECEIVED on the disk",
  "bridge: done, signed and DONE on the disk",
  "bridge → relay has the result durably",
  "relay → API has recorded it",
] as const;

/** A command that is durable at each step, beside a queue in one place that is durable as well. */
export async function measureCommand(): Promise<Row[]> {
  const marks = { came: 0, received: 0, done: 0, stored: 0 };
  await using road = await CommandRoad.open({
    onCommands: (step) => (marks[step === "came" ? "came" : "received"] = performance.now()),
    onResult: (step) => (marks[step === "durable" ? "done" : "stored"] = performance.now()),
  });
  await using peer = await RedisQueue.start(inFlight);
  const rate = { ours: [] as number[], peer: [] as number[] };
  const cpu = { api: [] as number[], relay: [] as number[] };
  for (let round = -1; round < rounds; round++) {
    const before = { api: cpuMicros(road.api.pid), relay: cpuMicros(road.relay.runtime.pid) };
    const ours = await flow(
      () => road.submit(),
      () => road.endedCount(),
    );
    if (round >= 0) {
      rate.ours.push(ours);
      cpu.api.push((cpuMicros(road.api.pid) - before.api) / perRound);
      cpu.relay.push((cpuMicros(road.relay.runtime.pid) - before.relay) / perRound);
    }
    const theirs = await flow(
      () => peer.add(),
      () => peer.ended,
    );
    if (round >= 0) rate.peer.push(theirs);
  }

  const whole: number[] = [];
  const steps = hops.map(() => [] as number[]);
  for (let single = 0; single < singles; single++) {
    const ended = road.endedCount();
    const submittedAt = performance.now();
    const answered = road.submit().then(() => performance.now());
    await road.untilEnded(ended + 1);
    const endedAt = performance.now();
    const times = [submittedAt, await answered, marks.came, marks.received, marks.done, marks.stored, endedAt];
    whole.push(endedAt - submittedAt);
    // The result can be recorded before the bridge hears that the relay has it: such a step took no time of its own.
    for (const [index, step] of steps.entries())
      step.push(Math.max(0, (times[index + 1] ?? NaN) - (times[index] ?? NaN)) * 1000);
  }
  const hopMicros = Object.fromEntries(hops.map((hop, index) => [hop, Math.round(median(steps[index] ?? []))]));
  const config = { rounds, commandsPerRound: perRound, inFlight, action: "none" };
  return [
    compare({
      what: "command, durable at each step, 64 in flight",
      ours: median(rate.ours),
      peer: median(rate.peer),
      peerName: "BullMQ, appendfsync always",
      unit: "1/s",
      bar: 0.2,
      direction: "at least",
      config: {
        ...config,
        apiCpuMicrosPerCommand: Math.round(median(cpu.api)),
        relayCpuMicrosPerCommand: Math.round(median(cpu.relay)),
      },
    }),
    compare({
      what: "command, durable at each step, one in flight, p50",
      ours: median(whole),
      peer: 10,
      peerName: "the bar itself",
      unit: "ms",
      bar: 1,
      direction: "at most",
      config: { ...config, singles, ...hopMicros },
    }),
  ];
}

/** Keeps so many on their way until a round's worth has ended. Returns how many ended in a second. */
async function flow(submit: () => Promise<void>, ended: () => number): Promise<number> {
  const base = ended();
  const beganAt = performance.now();
  let submitted = 0;
  for (let done = 0; done < perRound; done = ended() - base) {
    while (submitted < perRound && submitted - done < inFlight) {
      submitted++;
      submit().catch((error: unknown) => {
        throw error;
      });
    }
    await delay(1);
  }
  return (perRound * 1000) / (performance.now() - beganAt);
}
