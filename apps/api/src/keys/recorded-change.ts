import { idSchema } from "@quarterdeck/core/ids";
import * as z from "zod";
import { recordAuditAs } from "../audit/repo.ts";
import type { Runtime } from "../runtime.ts";
import type { Statement } from "../writer.ts";
import { keyChanges } from "./key-change.ts";

/** A change of the keys as the audit has it. The key file keeps it too, because that is replaced before the database knows. */
export const recordedChangeSchema = z.strictObject({
  entryId: idSchema("entry"),
  atMs: z.int(),
  change: z.enum(keyChanges),
  isForced: z.boolean(),
  /** Of the keys after it, and the fingerprint of the one that signs since. */
  version: z.int(),
  fingerprint: z.string(),
});
export type RecordedChange = z.infer<typeof recordedChangeSchema>;

/** Records the newest changes of the keys. One that is recorded already stays as it is. */
export function recordKeyChanges({ keys }: Pick<Runtime, "keys">): Statement[] {
  return keys.platform.changes.map(({ entryId, atMs, change, isForced, version, fingerprint }) =>
    recordAuditAs(
      { entryId, atMs },
      {
        orgId: null,
        actor: "platform",
        address: null,
        action: `keys.${change}`,
        subject: fingerprint,
        outcome: "done",
        detail: `version ${version}${isForced ? ", forced" : ""}`,
      },
    ),
  );
}
