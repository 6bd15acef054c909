import type { RunId } from "@quarterdeck/core/ids";
import { percentile } from "../percentile.ts";
import { RelayRig } from "../rig/relay-rig.ts";
import { sealedCommand } from "../rig/sealed-command.ts";
import { compare, type Row } from "../row.ts";
import { until } from "./load-round.ts";

const rounds = 5;
const commands = 100;
const barMs = 2000;

/** Commands whose ends were reached while the relay was dead: how long after the socket is back the API has them. */
export async function measureResume(): Promise<Row[]> {
  const afterMs: number[] = [];
  let wrong = 0;
  for (let round = 0; round < rounds; round++) {
    const outcome = await resumeOnce();
    afterMs.push(...outcome.afterMs);
    wrong += outcome.wrong;
  }
  return [
    compare({
      what: "resume after a relay restart, 100 commands in flight, p99",
      ours: wrong === 0 ? percentile(afterMs, 0.99) : Number.NaN,
      peer: barMs,
      peerName: "the bar itself",
      unit: "ms",
      bar: 1,
      direction: "at most",
      config: { rounds, commands, lostOrTwice: wrong },
    }),
  ];
}

async function resumeOnce(): Promise<{ afterMs: number[]; wrong: number }> {
  await using rig = await RelayRig.start();
  const begun: RunId[] = [];
  const { promise: released, resolve: release } = Promise.withResolvers<void>();
  let backAtMs = Number.NaN;
  let isDown = false;
  const identity = await rig.register();
  await rig.openBridge(identity, {
    async act({ runId }) {
      begun.push(runId);
      await released;
      return { verdict: "succeeded", code: null, message: null, repository: null };
    },
    onOnline: () => (backAtMs = performance.now()),
    onOffline: () => (isDown = true),
  });
  const sent: RunId[] = [];
  for (let each = 0; each < commands; each++) {
    const { runId, entry } = await sealedCommand(rig.platform, identity);
    sent.push(runId);
    await rig.relay.post(identity.serverId, [entry]);
  }
  await until(() => begun.length === commands, "the commands");
  await rig.relay.runtime.kill();
  await until(() => isDown, "the cut");
  release();
  await rig.relay.runtime.start();
  await until(() => sent.every((runId) => rig.api.finished.has(runId)), "the results");
  const wrong = sent.filter(
    (runId) => begun.filter((other) => other === runId).length !== 1 || rig.api.finished.get(runId) !== 1,
  );
  return { afterMs: sent.map((runId) => (rig.api.finishedAtMs.get(runId) ?? NaN) - backAtMs), wrong: wrong.length };
}
