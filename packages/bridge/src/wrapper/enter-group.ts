import type { RunGroup } from "../drivers/driver.ts";
import { writeGroupFile } from "../drivers/group-files.ts";

/** The writer itself, whoever it is. To name it by its id would make the kernel stop all others for a moment. */
const myself = "0";

/** The limits that a program was to have could not be had. */
export class GroupUnavailable extends Error {}

/**
 * Does something in a run's group: processes that `work` starts are born in it.
 *
 * @throws GroupUnavailable when the group cannot be entered; then nothing was done
 */
export function inGroup<T>(group: RunGroup | null | undefined, work: () => T): T {
  if (!group) return work();
  try {
    for (const path of group.enter) {
      const problem = writeGroupFile(path, myself);
      if (problem !== null) throw new GroupUnavailable(`${path}: ${problem}`);
    }
    return work();
  } finally {
    // One that cannot leave stays in it: it kills all others there when the run ends, and is itself no part of the run.
    for (const path of group.leave) writeGroupFile(path, myself);
  }
}
