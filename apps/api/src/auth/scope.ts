import type { OrgId, UserId } from "@quarterdeck/core/ids";
import type { PlanName } from "@quarterdeck/core/quota/request-tiers";
import type { Role } from "./permissions.ts";

/** Whose data a query may touch. Every repo function takes one; without it no row of an org can be reached. */
export interface TenantScope {
  readonly orgId: OrgId;
}

/** Who is signed in, whatever the org. */
export interface Account {
  readonly userId: UserId;
  readonly email: string;
}

/** Who is calling, in which org and in which role. */
export interface Caller extends TenantScope, Account {
  readonly orgName: string;
  /** The org's: how often its requests are answered. */
  readonly plan: PlanName;
  readonly role: Role;
}

/** Somebody who is signed in, from where, and by which session. */
export interface AccountScope extends Account {
  readonly address: string;
  readonly sessionToken: string;
  /** How long ago the session's user proved who they are, when the request came. */
  readonly sinceAuthMs: number;
}

/** A caller who is allowed what the procedure declared, and from where. */
export interface OrgScope extends Caller, AccountScope {}
