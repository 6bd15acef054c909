import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { OrgId } from "@quarterdeck/core/ids";
import { dayMs } from "@quarterdeck/core/units";
import { eq, sql, type SQL, type SQLWrapper } from "drizzle-orm";
import type { Caller } from "../auth/scope.ts";
import { orgs } from "../db/schema.ts";

/** How long an org that somebody deletes can be had back. */
export const graceMs = 14 * dayMs;

/** Refuses to change anything in an org that is going to be deleted. */
export function checkNotClosing({ orgName, deleteAtMs }: Pick<Caller, "orgName" | "deleteAtMs">): void {
  if (deleteAtMs === null) return;
  throw new QuarterdeckError(
    "ORG_CLOSING",
    `${orgName} is going to be deleted, so it can only be read. An owner can keep it until ${new Date(deleteAtMs).toISOString().slice(0, 10)}.`,
  );
}

/** Whether an org is going to be deleted: then nothing of it starts any more. */
export function isClosing(orgId: OrgId | SQLWrapper): SQL<number> {
  return sql<number>`exists (select 1 from ${orgs} where ${eq(orgs.orgId, orgId)} and ${orgs.deleteAtMs} is not null)`;
}
