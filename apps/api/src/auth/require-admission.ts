import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { admitsAddress } from "../orgs/access.ts";
import type { Runtime } from "../runtime.ts";
import type { Caller } from "./scope.ts";
import { hasSecondFactor } from "./second-factor.ts";

/** Refuses who may do something in an org and is not let in: from another address than the org allows, or without a second factor. */
export async function requireAdmission(
  { db }: Pick<Runtime, "db">,
  { userId, orgName, access }: Pick<Caller, "userId" | "orgName" | "access">,
  address: string,
): Promise<void> {
  if (!admitsAddress(access, address)) {
    throw new QuarterdeckError(
      "ADDRESS_REFUSED",
      `${orgName} lets nobody in from your address (${address}). Use a network that it allows, or ask an owner to allow this one.`,
    );
  }
  if (access.requiresMfa && !(await hasSecondFactor(db, userId))) {
    throw new QuarterdeckError(
      "MFA_REQUIRED",
      `${orgName} lets only those in who sign in with a second factor. Set one up in the settings of your account, under Security.`,
    );
  }
}
