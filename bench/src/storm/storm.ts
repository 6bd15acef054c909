import type { RunId } from "@quarterdeck/core/ids";
import { setTimeout as delay } from "node:timers/promises";
import { orgId, Platform } from "../../../apps/relay/test/platform.ts";
import { percentile } from "../percentile.ts";
import type { Identity } from "../../../packages/bridge/src/identity.ts";
import { makeIdentity } from "../rig/bridge-identity.ts";
import { forEachOf } from "../rig/in-turn.ts";
import { RelayProcess } from "../rig/relay-process.ts";
import { sealedCommand } from "../rig/sealed-command.ts";
import { CountingApi } from "./counting-api.ts";
import { SessionHosts } from "./session-hosts.ts";

export interface StormOptions {
  readonly sessions: number;
  readonly sessionsPerProcess: number;
  /** For the relay's storage and the sessions' journals. */
  readonly folder: string;
  /** The relay's Worker; without it the one that `npm run build` made. */
  readonly bundle?: string;
  readonly say?: (line: string) => void;
}

export interface StormOutcome {
  readonly sessions: number;
  /** From when the relay listened again until this share of the sessions was back. */
  readonly backAfterMs: { readonly p50: number; readonly p99: number; readonly last: number };
  /** What the API was asked while the sessions came back; it answered nothing. */
  readonly apiRequests: Readonly<Record<string, number>>;
  readonly commands: number;
  /** Commands that were not begun exactly once, or did not end exactly once. */
  readonly wrong: readonly string[];
}

const postsAtOnce = 32;

/**
 * Cuts every session at once, as a crash of the relay does, while commands are at every stage of their way; the API is down
 * until all are back. Then everything must end, each command once.
 */
export async function storm({
  sessions,
  sessionsPerProcess,
  folder,
  bundle,
  say,
}: StormOptions): Promise<StormOutcome> {
  const platform = await Platform.make();
  await using api = await CountingApi.start();
  const relay = await RelayProcess.start({ keys: platform, folder, apiPort: api.port, ...(bundle && { bundle }) });
  try {
    await using hosts = new SessionHosts();
    const relayUrl = `ws://127.0.0.1:${relay.runtime.port}`;
    const identities = await Promise.all(Array.from({ length: sessions }, () => makeIdentity(platform.keys, relayUrl)));
    await forEachOf(identities, postsAtOnce, ({ serverId, publicKey }) =>
      relay.post(serverId, [{ kind: "register", orgId, publicKey }]),
    );
    hosts.open(identities, { perProcess: sessionsPerProcess, folder });
    const areAllOnline = () => hosts.onlineAtMs.size === sessions;
    await hosts.until(areAllOnline);
    say?.(`${sessions} sessions are online`);

    const runIds: RunId[] = [];
    const command = async (identity: Identity) => {
      const { runId, entry } = await sealedCommand(platform, identity);
      runIds.push(runId);
      await relay.post(identity.serverId, [entry]);
    };
    // The first command of each is under way; the end of it and a second one are on their way when the relay dies.
    await forEachOf(identities, postsAtOnce, command);
    await hosts.until(() => hosts.begun.size === sessions);
    hosts.release();
    await forEachOf(identities, postsAtOnce, command);
    api.isUp = false;
    await relay.runtime.kill();
    await hosts.until(() => hosts.onlineAtMs.size === 0);
    api.countAnew();
    say?.(`the relay was killed with ${api.finished.size} of ${runIds.length} commands reported`);
    await relay.runtime.start();
    const upAtMs = Date.now();
    await hosts.until(areAllOnline);
    const backAfterMs = [...hosts.onlineAtMs.values()].map((atMs) => atMs - upAtMs);
    const apiRequests = api.requests();
    say?.("all are back; the API is started again");

    api.isUp = true;
    while (api.finished.size + api.otherEnds.length < runIds.length) await delay(20);
    await hosts.until(() => hosts.begun.size === runIds.length);
    const wrong = runIds.flatMap((runId) => {
      const begun = hosts.begun.get(runId) ?? 0;
      const finished = api.finished.get(runId) ?? 0;
      return begun === 1 && finished === 1 ? [] : [`${runId} was begun ${begun} times and ended ${finished} times`];
    });
    return {
      sessions,
      backAfterMs: {
        p50: percentile(backAfterMs, 0.5),
        p99: percentile(backAfterMs, 0.99),
        last: percentile(backAfterMs, 1),
      },
      apiRequests,
      commands: runIds.length,
      wrong: [...wrong, ...api.otherEnds],
    };
  } finally {
    await relay.runtime.kill();
  }
}
