import type { Clock } from "@quarterdeck/core/clock";
import type { Id, IdKind, OrgId } from "@quarterdeck/core/ids";
import { sql, type SQL } from "drizzle-orm";
import { insertWhen, previousChanged } from "../db/insert-when.ts";
import { readyStatement } from "../db/ready-statement.ts";
import { auditEntries } from "../db/schema.ts";
import type { Statement } from "../writer.ts";

export interface AuditMaker {
  readonly clock: Clock;
  readonly makeId: <K extends IdKind>(kind: K) => Id<K>;
}

export interface AuditEntry {
  readonly orgId: OrgId | null;
  /** Who: a user's or server's id, or `platform`, `relay`, `anonymous`. */
  readonly actor: string;
  readonly address: string | null;
  /** What, as `subject.verb`. */
  readonly action: string;
  /** On what: an id. */
  readonly subject: string | null;
  readonly outcome: "done" | "refused";
  /** Never a secret. */
  readonly detail: string | null;
}

const insertFollowing = readyStatement<AuditEntry & { readonly entryId: Id<"entry">; readonly atMs: number }>((value) =>
  insertWhen(
    auditEntries,
    {
      entryId: value("entryId"),
      atMs: value("atMs"),
      orgId: value("orgId"),
      actor: value("actor"),
      address: value("address"),
      action: value("action"),
      subject: value("subject"),
      outcome: value("outcome"),
      detail: value("detail"),
    },
    previousChanged,
  ),
);

/** The statement that records who did what, for the unit that does it. */
export function recordAudit({ clock, makeId }: AuditMaker, entry: AuditEntry, condition: SQL = sql`true`): Statement {
  return recordAuditAs({ entryId: makeId("entry"), atMs: clock.nowMs() }, entry, condition);
}

/** The same under an id that was kept: it is recorded once, however often that is tried. */
export function recordAuditAs(
  kept: { readonly entryId: Id<"entry">; readonly atMs: number },
  entry: AuditEntry,
  condition: SQL = sql`true`,
): Statement {
  const values = { ...kept, ...entry };
  return condition === previousChanged ? insertFollowing(values) : insertWhen(auditEntries, values, condition);
}
