import { readdirSync } from "node:fs";
import { join } from "node:path";
import type { Quarterdeck } from "./quarterdeck.ts";

/** Where the runs of the only workspace are that belong to no project: the one folder that they and a test both see. */
export function scratchOf({ dataDir }: Pick<Quarterdeck, "dataDir">): string {
  const workspaces = join(dataDir, "bridge/workspaces");
  const [workspace = ""] = readdirSync(workspaces).filter((name) => name.startsWith("ws_"));
  return join(workspaces, workspace, "scratch");
}
