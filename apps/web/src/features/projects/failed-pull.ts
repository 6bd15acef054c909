import type { TaskView } from "../../api/views.ts";

/**
 * The pull that went wrong, if the last one did: one that somebody cancelled is no news, and one that has not ended yet
 * says nothing. Tasks come with the newest first.
 */
export function failedPull(tasks: readonly TaskView[]): TaskView | undefined {
  const last = tasks.find(
    ({ action, verdict }) => action === "git.pull" && verdict !== null && verdict !== "cancelled",
  );
  return last?.verdict === "succeeded" ? undefined : last;
}
