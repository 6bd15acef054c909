import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { forEachOf } from "../rig/in-turn.ts";
import { residentBytes } from "../rig/process-usage.ts";
import { RelayRig } from "../rig/relay-rig.ts";
import { compare, type Row } from "../row.ts";
import { SessionHosts } from "../storm/session-hosts.ts";

const sessions = 2000;
const sessionsPerProcess = 200;
/** Objects that are idle leave the memory after ten seconds; their sockets stay. */
const restMs = 20_000;
const barBytes = 40_000;

/** Memory of the Workers runtime for each session that is connected and idle. */
export async function measureMemory(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "quarterdeck-bench-memory-"));
  try {
    await using rig = await RelayRig.start();
    await using hosts = new SessionHosts();
    const first = await rig.register();
    await rig.openBridge(first); // What one session loads for all is there before.
    const before = residentBytes(rig.pid);
    const identities = await Promise.all(Array.from({ length: sessions }, () => rig.makeIdentity()));
    await forEachOf(identities, 16, (identity) => rig.announce(identity));
    hosts.open(identities, {
      perProcess: sessionsPerProcess,
      folder,
    });
    await hosts.until(() => hosts.onlineAtMs.size === sessions);
    const justConnected = residentBytes(rig.pid);
    await delay(restMs);
    const idle = residentBytes(rig.pid);
    return [
      compare({
        what: "workerd's memory for a connected idle session",
        ours: (idle - before) / sessions,
        peer: barBytes,
        peerName: "the bar itself",
        unit: "bytes",
        bar: 1,
        direction: "at most",
        config: {
          sessions,
          sessionsPerProcess,
          beforeBytes: before,
          justConnectedBytesPerSession: Math.round((justConnected - before) / sessions),
          restMs,
        },
      }),
    ];
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}
