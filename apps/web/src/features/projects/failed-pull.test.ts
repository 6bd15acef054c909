import { expect, it } from "vitest";
import type { TaskView } from "../../api/views.ts";
import { failedPull } from "./failed-pull.ts";

const task = (action: string, verdict: TaskView["verdict"]) => ({ action, verdict }) as TaskView;
const failed = task("git.pull", "failed");

it("finds the last pull when it failed, whatever else ran since", () => {
  expect(failedPull([task("exec", "succeeded"), failed, task("git.pull", "succeeded")])).toBe(failed);
});

it("finds none when the last one succeeded or nothing was pulled", () => {
  expect(failedPull([task("git.pull", "succeeded"), failed])).toBeUndefined();
  expect(failedPull([task("exec", "failed")])).toBeUndefined();
});

it("passes over a pull that is under way or was cancelled", () => {
  expect(failedPull([task("git.pull", null), task("git.pull", "cancelled"), failed])).toBe(failed);
});
