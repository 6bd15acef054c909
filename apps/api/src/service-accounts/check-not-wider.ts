import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { forbidden } from "../auth/check-place.ts";
import { isAllowed } from "../auth/permissions.ts";
import { mayWith } from "../auth/rights.ts";
import type { OrgScope } from "../auth/scope.ts";
import { narrowTo } from "../auth/service-columns.ts";
import type { ServiceAccount } from "./repo.ts";

/** Nobody makes a service account, or a key of one, that may more at its place than they may there themselves. */
export function checkNotWider(
  scope: OrgScope,
  { role, permissions }: Pick<ServiceAccount, "role" | "permissions">,
): void {
  const { rolesHere } = scope;
  const wider = narrowTo(permissions).find((name) => isAllowed(role, name) && !mayWith(scope, rolesHere, name));
  if (wider !== undefined) throw forbidden(rolesHere, wider, `a service account that may ${wider}`);
}

/** Only an owner lets a key live for ever. */
export function checkLife({ rolesHere }: OrgScope, expiresInDays: number | null): void {
  if (expiresInDays !== null || rolesHere.includes("owner")) return;
  throw new QuarterdeckError(
    "FORBIDDEN",
    "Only an owner makes a key that does not end. Give it at most 365 days, or ask somebody who may: owner.",
  );
}
