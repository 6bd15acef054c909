import type { OrgId, UserId } from "@quarterdeck/core/ids";
import type { PlanName } from "@quarterdeck/core/quota/request-tiers";
import type { OrgAccess } from "../orgs/access.ts";
import type { Role } from "./permissions.ts";
import type { Rights } from "./rights.ts";

/** Whose data a query may touch. Every repo function takes one; without it no row of an org can be reached. */
export interface TenantScope {
  readonly orgId: OrgId;
}

/** Who is signed in, whatever the org. */
export interface Account {
  readonly userId: UserId;
  readonly email: string;
}

/** Whose data a list may hold: of an org, what somebody may see of it. */
export interface Reach extends TenantScope, Rights {}

/** Who is calling, in which org, and what the caller is there. */
export interface Caller extends Reach, Account {
  readonly orgName: string;
  /** The org's: how often its requests are answered. */
  readonly plan: PlanName;
  /** The org's: who may come in, besides the role. */
  readonly access: OrgAccess;
  /** When the org is deleted, until when it can only be read; null: nobody asked for that. */
  readonly deleteAtMs: number | null;
}

/** Somebody who is signed in, from where, and by which session. */
export interface AccountScope extends Account {
  readonly address: string;
  readonly sessionToken: string;
  /** How long ago the session's user proved who they are, when the request came. */
  readonly sinceAuthMs: number;
}

/** A caller who is allowed what the procedure declared, and from where. */
export interface OrgScope extends Caller, AccountScope {
  /** What the caller is at the place that the procedure declared: there, and on all that it lies in. */
  readonly rolesHere: readonly Role[];
}
