import { createHash } from "node:crypto";
import type { ServerId } from "@quarterdeck/core/ids";
import type { Trust } from "@quarterdeck/core/protocol/relay-api";
import { and, eq, isNull, ne, or, sql, type SQL } from "drizzle-orm";
import { previousChanged } from "../db/insert-when.ts";
import { servers } from "../db/schema.ts";
import { enqueue } from "../outbox/repo.ts";
import type { Runtime } from "../runtime.ts";
import { loadRelayKey } from "./relay-key.ts";

/** What the relay is told of the platform's keys, and a mark that tells whether a server's object was told it. */
export interface TrustToTell {
  readonly trust: Trust;
  readonly mark: string;
}

/** The certificate in it is made anew when half of its time is over or when another key signs now. */
export async function readTrust({ env, keys, clock }: Pick<Runtime, "env" | "keys" | "clock">): Promise<TrustToTell> {
  const { certificate } = await loadRelayKey(env.dataDir, keys.platform, clock.nowMs());
  const trust: Trust = { statements: [...keys.platform.statements], relayCertificate: certificate };
  return { trust, mark: createHash("sha256").update(JSON.stringify(trust)).digest("base64url") };
}

/** Tells each server's object what it was not told yet. Doing it again changes nothing. */
export async function tellTrust(runtime: Runtime): Promise<void> {
  const { trust, mark } = await readTrust(runtime);
  const nowMs = runtime.clock.nowMs();
  const isUntold = and(isNull(servers.revokedAtMs), or(isNull(servers.trustMark), ne(servers.trustMark, mark)));
  const untold = await runtime.db.select({ serverId: servers.serverId }).from(servers).where(isUntold);
  await Promise.all(
    untold.map(({ serverId }) =>
      runtime.writer.commit([
        ...enqueue({ serverId, entry: { kind: "trust", ...trust }, nowMs }, isUntold ?? sql`true`),
        setTrustMark(serverId, mark, previousChanged),
      ]),
    ),
  );
  if (untold.length > 0) runtime.nudgeOutbox();
}

function setTrustMark(serverId: ServerId, mark: string, condition: SQL): SQL {
  return sql`update ${servers} set "trustMark" = ${mark} where ${eq(servers.serverId, serverId)} and ${condition}`;
}
