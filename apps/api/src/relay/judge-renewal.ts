import type { ErrorCode } from "@quarterdeck/core/errors/codes";
import { mayWith, rolesAt } from "../auth/rights.ts";
import { commandLife } from "../tasks/sign-command.ts";
import { permissionToStart } from "../tasks/submittable.ts";
import type { RenewableRun } from "./renewal-repo.ts";

export interface RenewalRefusal {
  readonly code: ErrorCode;
  readonly message: string;
}

/** Why a run's command may not be signed anew, or null when it may: everything that submitting it asked for, asked again. */
export function judgeRenewal(run: RenewableRun, nowMs: number): RenewalRefusal | null {
  const { state, action, rights } = run;
  if (state === "ended") return { code: "ALREADY_ENDED", message: "The run has ended." };
  if (state === "running") return { code: "CONFLICT", message: "The run has started, so its server has the command." };
  if (run.cancelAskedAtMs !== null) {
    return { code: "CANCELLED", message: "It was cancelled before it reached the server." };
  }
  if (run.serverRevokedAtMs !== null) return { code: "REVOKED", message: "The server was removed from the platform." };
  if (run.isShareWithdrawn) {
    return { code: "SHARE_WITHDRAWN", message: "The organization that owns the server took back the share of it." };
  }
  if (run.signedForKey !== null && run.signedForKey !== run.keyFingerprint) {
    return {
      code: "COMMAND_WRONG_TARGET",
      message: "The server has another key now than when this was submitted. Submit it again.",
    };
  }
  if (run.isOrgClosing)
    return { code: "ORG_CLOSING", message: "The organization is going to be deleted, so nothing starts in it." };
  if (!run.isPlaceThere) {
    return { code: "NOT_FOUND", message: "Its workspace or project is not on this server any more." };
  }
  if (rights === null) {
    return { code: "FORBIDDEN", message: "Who submitted it is not a member of this org any more." };
  }
  const permission = permissionToStart(action);
  const held = rolesAt(rights, run);
  if (permission === null || !mayWith(held, permission)) {
    const role = held.length === 0 ? "none there" : held.join(", ");
    return { code: "FORBIDDEN", message: `The role of who submitted it (${role}) does not allow ${action} any more.` };
  }
  if (nowMs >= run.submittedAtMs + commandLife.runMs) {
    return { code: "COMMAND_EXPIRED", message: "It waited for its server for more than 24 hours. Submit it again." };
  }
  return null;
}
