import { findAction, worksOnBridge } from "./catalogue.ts";

/** What looks after a server or its workspaces rather than using them. */
const upkeep: ReadonlySet<string> = new Set(["workspace.freeze", "workspace.thaw"]);

/**
 * Whether a run of this action waits while its server is cordoned. Reads go on, and so does what a server is cordoned for:
 * updates of its bridge, freezing and thawing (PROTOCOL 21.2).
 */
export function isHeldByCordon(action: string): boolean {
  return !(findAction(action)?.isRead ?? false) && !worksOnBridge(action) && !upkeep.has(action);
}
