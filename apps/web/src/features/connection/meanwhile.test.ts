import { expect, it } from "vitest";
import type { ServerView, TaskView } from "../../api/views.ts";
import { meanwhile } from "./meanwhile.ts";

const between = { lostAtMs: 1000, backAtMs: 2000 };
const task = (view: Partial<TaskView>) => ({ startedAtMs: null, endedAtMs: null, verdict: null, ...view }) as TaskView;
const server = (view: Partial<ServerView>) => ({ name: "x", ...view }) as ServerView;

it("counts what ended, failed and started between the loss and the return, and nothing else", () => {
  const tasks = [
    task({ endedAtMs: 999, verdict: "succeeded" }),
    task({ startedAtMs: 900, endedAtMs: 1500, verdict: "succeeded" }),
    task({ startedAtMs: 1100, endedAtMs: 1600, verdict: "failed" }),
    task({ startedAtMs: 1200 }),
    task({ endedAtMs: 2001, verdict: "failed" }),
  ];
  expect(meanwhile({ tasks, servers: [] }, between)).toMatchObject({ finishedRuns: 2, failedRuns: 1, startedRuns: 1 });
});

it("names the servers that changed", () => {
  const servers = [
    server({ name: "alpha", status: "offline", statusSinceMs: 1500 }),
    server({ name: "beta", status: "online", statusSinceMs: 1500 }),
    server({ name: "gamma", status: "offline", statusSinceMs: 10 }),
  ];
  expect(meanwhile({ tasks: [], servers }, between)).toMatchObject({ wentOffline: ["alpha"], wentOnline: ["beta"] });
});
