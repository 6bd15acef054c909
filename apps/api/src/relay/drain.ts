import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { fleetSpreadMs } from "@quarterdeck/core/protocol/fleet-spread";
import { asc, isNull } from "drizzle-orm";
import { recordAudit } from "../audit/repo.ts";
import { servers } from "../db/schema.ts";
import type { Runtime } from "../runtime.ts";
import type { DrainOutcome } from "./drain-outcome.ts";

/** Calls to the relay that are under way at once. */
const atOnce = 32;

/**
 * Has every bridge leave and come back, before the relay is replaced (PROTOCOL 5.4). The relay knows best who is connected,
 * so each server's object is asked.
 *
 * @throws QuarterdeckError `RELAY_UNAVAILABLE`
 */
export async function drainServers(runtime: Runtime, wish: { spreadMs?: number | undefined }): Promise<DrainOutcome> {
  const { db, relay, writer, log } = runtime;
  if (!(await relay.probe()))
    throw new QuarterdeckError("RELAY_UNAVAILABLE", "The relay does not answer, so no server was told anything.");
  const all = await db
    .select({ serverId: servers.serverId, name: servers.name })
    .from(servers)
    .where(isNull(servers.revokedAtMs))
    .orderBy(asc(servers.createdAtMs));
  const spreadMs = wish.spreadMs ?? fleetSpreadMs(all.length);
  const outcome = { told: 0, offline: 0, failed: [] as DrainOutcome["failed"][number][], spreadMs };
  const waiting = all.values();
  const drainNext = async () => {
    for (const { serverId, name } of waiting) {
      try {
        if (await relay.drain(serverId, spreadMs)) outcome.told += 1;
        else outcome.offline += 1;
      } catch (error) {
        outcome.failed.push({ serverId, name, reason: error instanceof Error ? error.message : String(error) });
      }
    }
  };
  await Promise.all(Array.from({ length: atOnce }, drainNext));
  const { told, offline, failed } = outcome;
  log.info({ told, offline, failed: failed.length, spreadMs }, "the servers were told to leave");
  await writer.commit([
    recordAudit(runtime, {
      orgId: null,
      actor: "platform",
      address: null,
      action: "servers.drain",
      subject: null,
      outcome: "done",
      detail: `${told} told, ${offline} offline, ${failed.length} failed`,
    }),
  ]);
  return outcome;
}
