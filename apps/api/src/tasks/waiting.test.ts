import type { RunId } from "@quarterdeck/core/ids";
import type { WaitingAnswer } from "@quarterdeck/core/protocol/relay-api";
import { expect, it } from "vitest";
import type { TaskRecord } from "./repo.ts";
import { explainByRelay } from "./waiting.ts";

const record = { view: { serverName: "box" } } as TaskRecord;

function explain(waiting: NonNullable<WaitingAnswer["waiting"]>): string | undefined {
  return explainByRelay(record, { isOnline: true, state: "waiting", waiting })?.message;
}

const soon = { position: 3, estimate: { startsInMs: 130_000, running: 1, ahead: 2 } };
const unknown = { position: null, estimate: null };

it("says of a place that is further back than was looked that it is at least that", () => {
  expect(explain({ reason: "turn", position: 10_001, estimate: null })).toBe(
    "Other runs on box start before it. At least number 10001 in the queue.",
  );
});

it("says the place in the queue, when it starts, and what that rests on", () => {
  expect(explain({ reason: "turn", ...soon })).toBe(
    "Other runs on box start before it. Number 3 in the queue; it starts in about 2 minutes if the run that goes on and the 2 runs before it take as long as such runs did so far.",
  );
  expect(explain({ reason: "turn", position: 1, estimate: { startsInMs: 0, running: 0, ahead: 0 } })).toBe(
    "Other runs on box start before it. Number 1 in the queue.",
  );
  for (const [startsInMs, text] of [
    [9000, "within seconds"],
    [44_000, "in about 40 seconds"],
    [3 * 3600_000, "in about 3 hours"],
  ] as const) {
    expect(
      explain({ reason: "capacity", resource: "cpu", position: 1, estimate: { startsInMs, running: 2, ahead: 0 } }),
    ).toBe(
      `It is next, and box has not enough processor time free yet. Number 1 in the queue; it starts ${text} if the 2 runs that go on take as long as such runs did so far.`,
    );
  }
});

it("speaks of a single run as of one", () => {
  for (const [running, ahead, text] of [
    [1, 0, "if the run that goes on takes as long as such runs did so far."],
    [0, 1, "if the run before it takes as long as such runs did so far."],
    [1, 1, "if the run that goes on and the run before it take as long as such runs did so far."],
    [0, 2, "if the 2 runs before it take as long as such runs did so far."],
  ] as const) {
    expect(explain({ reason: "turn", position: 1, estimate: { startsInMs: 0, running, ahead } })).toContain(text);
  }
});

it("names the limit, and what can be done", () => {
  expect(explain({ reason: "limit", nodeId: "ws_1", resource: "memory", ...unknown })).toBe(
    "What the workspace may use of memory is in use. It starts when enough is free, or when the limit is raised.",
  );
  expect(explain({ reason: "limit", nodeId: "prj_1", resource: "runs", ...unknown })).toContain(
    "the project may use of places for runs",
  );
  expect(explain({ reason: "limit", nodeId: "org_1", resource: "cpu", ...unknown })).toContain("the organization");
});

it("says how much more is in use than a limit that was lowered, in the units that people write", () => {
  const limit = { reason: "limit", nodeId: "ws_1", resource: "memory", overdraft: 512 * 2 ** 20, ...unknown } as const;
  expect(explain(limit)).toBe(
    "In the workspace 512Mi of memory more than its limit is in use, since that was lowered; nothing that runs is stopped for it. It starts when enough is free, or when the limit is raised.",
  );
  expect(explain({ reason: "capacity", resource: "cpu", overdraft: 1500, ...unknown })).toBe(
    "It is next, and box has not enough processor time free yet. The runs there hold 1.5 cpu more than it offers by now.",
  );
});

it("names dependencies, the order of the project and room that is kept for another", () => {
  const run = "run_1" as RunId;
  expect(explain({ reason: "dependency", on: [run], ...unknown })).toBe("Waiting for a task that must succeed first.");
  expect(explain({ reason: "dependency", on: [run, run], ...unknown })).toBe(
    "Waiting for 2 tasks that must succeed first.",
  );
  expect(explain({ reason: "order", behind: run, ...unknown })).toBe(
    "Waiting for an earlier task of the same project to end.",
  );
  expect(explain({ reason: "roomKept", for: run, ...unknown })).toContain("kept for a larger run");
});
