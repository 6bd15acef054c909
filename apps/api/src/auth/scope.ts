import type { OrgId, UserId } from "@quarterdeck/core/ids";
import type { PlanName } from "@quarterdeck/core/quota/request-tiers";
import type { Role } from "./permissions.ts";

/** Whose data a query may touch. Every repo function takes one; without it no row of an org can be reached. */
export interface TenantScope {
  readonly orgId: OrgId;
}

/** Who is calling, in which org and in which role. */
export interface Caller extends TenantScope {
  readonly userId: UserId;
  readonly email: string;
  readonly orgName: string;
  /** The org's: how often its requests are answered. */
  readonly plan: PlanName;
  readonly role: Role;
}

/** A caller who is allowed what the procedure declared, and from where. */
export interface OrgScope extends Caller {
  readonly address: string;
  readonly sessionToken: string;
}
