import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunId } from "@quarterdeck/core/ids";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { FakeServer } from "./fake-bridge.ts";
import { eventually } from "./peer.ts";
import { post } from "./persistent-calls.ts";
import { id, orgId } from "./platform.ts";
import { RelayRuntime } from "./relay-runtime.ts";
import { TirelessBridge } from "./tireless-bridge.ts";
import { watchedStory } from "./watched-story.ts";

let relay: RelayRuntime;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "quarterdeck-relay-crashes-"));
  relay = await RelayRuntime.start({ persistFolder: folder, isFaulty: true });
});
afterEach(() => relay.crashAt(null));
afterAll(async () => {
  await relay.stop();
  await rm(folder, { recursive: true });
});

async function submit(server: FakeServer, projectId: ReturnType<typeof id<"project">>): Promise<RunId> {
  const { command, ...text } = await relay.platform.command(server.serverId, { projectId });
  await post(server, [{ kind: "command", ...text }]);
  return command.runId;
}

const endedRuns = (server: FakeServer) =>
  relay.api
    .reports(server.serverId)
    .flatMap((report) => (report.kind === "result" ? [(JSON.parse(report.signed) as { runId: RunId }).runId] : []));

/** Three runs of one project and one of another, from submission to the API's record, with whatever happens between. */
async function story(): Promise<void> {
  const server = await FakeServer.make(relay, { orgId, isRegistered: false });
  await post(server, [{ kind: "register", orgId, publicKey: server.publicKey }]);
  const bridge = new TirelessBridge(server);
  bridge.start();
  const [a, b] = [id("project"), id("project")];
  const inOrder = [await submit(server, a), await submit(server, a)];
  const other = await submit(server, b);
  await relay.ring(server.serverId).catch(() => null);
  inOrder.push(await submit(server, a));
  await eventually(
    () => endedRuns(server),
    (ended) => ended.length >= 4,
  );
  bridge.cut();
  const before = bridge.connections;
  await eventually(
    () => bridge.connections,
    (connections) => connections > before,
  );
  await bridge.stop();
  // Each once, in the order of its project, at the bridge and in the record.
  expect(bridge.started.filter((runId) => runId !== other)).toEqual(inOrder);
  expect(bridge.started.filter((runId) => runId === other)).toHaveLength(1);
  expect(endedRuns(server).filter((runId) => runId !== other)).toEqual(inOrder);
  expect(endedRuns(server)).toHaveLength(4);
}

/** Plays a story once for each time that a boundary comes in it, with a death there. Returns how many there were. */
async function killedEachTime(at: string, play: () => Promise<void>): Promise<number> {
  let crashes = 0;
  for (let nth = 1; ; nth++) {
    await relay.crashAt({ at, nth });
    await play();
    if (!(await relay.crashAt(null))) break; // The story has no such moment any more.
    crashes++;
  }
  return crashes;
}

test.each([
  "before connect",
  "after connect",
  "before message",
  "after message",
  "before outbox",
  "after outbox",
  "before close",
  "after close",
  "before alarm",
  "after alarm",
  "after transaction",
])("[F3] killed %s, each time that comes: nothing is lost, repeated or reordered", { timeout: 60_000 }, async (at) => {
  expect(await killedEachTime(at, story)).toBeGreaterThan(0);
});

test.each([
  "before message",
  "after message",
  "before close",
  "after close",
  "before error",
  "after error",
  "before waiting",
  "after waiting",
  "before auditHead",
  "after auditHead",
  "before drain",
  "after drain",
  "after transaction",
])(
  "[F3] killed %s while somebody watches, each time that comes: every byte and reading arrives, and a cancel and a renewal count once",
  { timeout: 60_000 },
  async (at) => {
    expect(await killedEachTime(at, () => watchedStory(relay))).toBeGreaterThan(0);
  },
);
