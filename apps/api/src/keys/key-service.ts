import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { ServerId } from "@quarterdeck/core/ids";
import type { KeySet } from "@quarterdeck/core/protocol/key-set";
import { keyFingerprint } from "@quarterdeck/core/protocol/signing";
import { asc, isNull } from "drizzle-orm";
import * as z from "zod";
import { servers } from "../db/schema.ts";
import { recordChangeOfAllServers } from "../events/repo.ts";
import type { Runtime } from "../runtime.ts";
import { signCancelsAgain } from "../tasks/cancels-again.ts";
import { isHeldBack, keyChanges, standingOf, type KeyChange } from "./key-change.ts";
import type { KeyStatus } from "./key-status.ts";
import { KeyChangeRefused } from "./platform-keys.ts";
import { recordKeyChanges } from "./recorded-change.ts";
import { tellTrust } from "./trust.ts";

export const keyChangeRequestSchema = z.strictObject({
  change: z.enum(keyChanges),
  /** The keys that whoever asks has seen. A request that comes twice, as after a lost answer, changes them once. */
  fromVersion: z.int(),
  /** Although servers would refuse what is signed then until they are connected again. */
  isForced: z.boolean(),
});

export type KeyChangeRequest = z.infer<typeof keyChangeRequestSchema>;

interface KeyHolder {
  readonly serverId: ServerId;
  readonly name: string;
  readonly version: number;
  readonly isOnline: boolean;
}

async function listKeyHolders({ db }: Pick<Runtime, "db">): Promise<KeyHolder[]> {
  const rows = await db
    .select({
      serverId: servers.serverId,
      name: servers.name,
      version: servers.keysVersion,
      status: servers.status,
    })
    .from(servers)
    .where(isNull(servers.revokedAtMs))
    .orderBy(asc(servers.createdAtMs));
  return rows.map(({ status, ...row }) => ({ ...row, isOnline: status === "online" }));
}

/** Which keys there are, and which servers have which. For the operator: it spans all orgs. */
export async function readKeyStatus(runtime: Runtime): Promise<KeyStatus> {
  const { set, history } = runtime.keys.platform;
  const holders = await listKeyHolders(runtime);
  return {
    version: set.version,
    current: await keyFingerprint(set.current),
    next: await keyFingerprint(set.next),
    previous: set.previous === null ? null : await keyFingerprint(set.previous),
    revoked: await Promise.all(set.revoked.map((key) => keyFingerprint(key))),
    servers: holders.map((holder) => ({ ...holder, standing: standingOf(holder.version, set, history) })),
  };
}

/**
 * Changes the platform's keys and has the relay and the servers told.
 *
 * @throws QuarterdeckError `CONFLICT` with the servers that the change must wait for, unless it is forced; and when there are
 * other keys by now than those that were to be changed
 */
export async function changeKeys(
  runtime: Runtime,
  { change, fromVersion, isForced }: KeyChangeRequest,
): Promise<KeyStatus> {
  const { clock, makeId, writer, log } = runtime;
  const { platform } = runtime.keys;
  const holders = await listKeyHolders(runtime);
  const check = (after: KeySet) => {
    const before = platform.set;
    if (before.version !== fromVersion) {
      const message = `Nothing was changed: there is version ${before.version} of the keys by now, and the change was meant for version ${fromVersion}. See what they are with "npm run keys" before you try again.`;
      throw new QuarterdeckError("CONFLICT", message);
    }
    const heldBack = holders.filter((holder) =>
      isHeldBack(change, holder, { before, after, history: platform.history }),
    );
    if (heldBack.length > 0 && !isForced) throw new QuarterdeckError("CONFLICT", explainHeldBack(change, heldBack));
  };
  try {
    await platform.change({ entryId: makeId("entry"), atMs: clock.nowMs(), change, isForced }, check);
  } catch (error) {
    if (error instanceof KeyChangeRefused) throw new QuarterdeckError("CONFLICT", error.message, { cause: error });
    throw error;
  }
  log.warn({ change, version: platform.set.version }, "the platform's keys were changed");
  await writer.commit([...recordKeyChanges(runtime), recordChangeOfAllServers(clock.nowMs())]);
  await tellTrust(runtime);
  await signCancelsAgain(runtime);
  return readKeyStatus(runtime);
}

function explainHeldBack(change: KeyChange, heldBack: readonly KeyHolder[]): string {
  const list = heldBack
    .map(({ name, serverId, version }) => `${name} (${serverId}, has version ${version})`)
    .join(", ");
  return `Nothing was changed: ${heldBack.length} server(s) have not taken the keys of before: ${list}. Wait until they were online, or force it: they must then be connected again after a ${change}.`;
}
