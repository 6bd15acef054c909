import { makeId, type TaskId } from "@quarterdeck/core/ids";

/** A new task's id. The client makes it, so that a submission that is sent again is the same task. */
export function makeTaskId(): TaskId {
  return makeId("task", Date.now(), crypto.getRandomValues(new Uint8Array(16)));
}
