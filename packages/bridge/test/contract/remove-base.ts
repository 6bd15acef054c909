import { readFileSync, rmdirSync } from "node:fs";
import { join } from "node:path";
import { parseCgroupMounts } from "../../src/drivers/cgroup-mounts.ts";
import { isGone, withDescendants } from "../../src/drivers/group-files.ts";
import type { Driver } from "../../src/drivers/driver.ts";
import { runTool } from "../../src/drivers/run-tool.ts";

/** Removes the groups that hold all of a test's. */
export async function removeBase(
  driver: Driver["name"],
  { groupName, sliceName }: { groupName: string; sliceName: string },
): Promise<void> {
  if (driver === "systemd") await runTool("systemctl", ["stop", `${sliceName}.slice`]);
  const { v1, v2 } = parseCgroupMounts(readFileSync("/proc/self/mountinfo", "utf8"));
  const mounts = [...Object.values(v1), ...(v2 ? [v2] : [])];
  for (const { path } of mounts)
    try {
      for (const directory of withDescendants(join(path, groupName))) rmdirSync(directory);
    } catch (error) {
      if (!isGone(error)) throw error;
    }
}
