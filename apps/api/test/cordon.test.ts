import { renewalAnswerSchema } from "@quarterdeck/core/protocol/relay-api";
import { sql } from "drizzle-orm";
import { expect, test } from "vitest";
import { auditEntries } from "../src/db/schema.ts";
import { newId, refusalOf, TestApi } from "./test-api.ts";

async function start() {
  const platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { api, serverId, workspaceId, bridge } = fixture;
  const submit = async () => {
    const taskId = newId("task");
    const wish = { taskId, workspaceId, projectId: null, action: "exec", params: { program: "echo", args: ["x"] } };
    const { runId } = await api.tasks.submit.mutate(wish);
    return { taskId, runId };
  };
  const commandOf = async (runId: string) => {
    const find = () => platform.relay.commandsOf(serverId).find((command) => command.runId === runId);
    await platform.relay.until(() => find() !== undefined);
    const command = find();
    if (!command) throw new Error("no command");
    return command;
  };
  const newestCordon = async (isCordoned: boolean): Promise<number> => {
    const newest = () => platform.relay.entriesOf(serverId).findLast((entry) => entry.kind === "cordon");
    await platform.relay.until(() => newest()?.isCordoned === isCordoned);
    return newest()?.position ?? 0;
  };
  return { platform, api, serverId, workspaceId, bridge, submit, commandOf, newestCordon };
}

test("a cordoned server takes submissions, which the relay is told to hold; a run of it is not signed anew until it is open [T3]", async () => {
  const { platform, api, serverId, submit, newestCordon } = await start();
  await using _ = platform;
  expect(await api.servers.get.query({ serverId })).toMatchObject({ admission: "open" });
  expect(await api.servers.cordon.mutate({ serverId })).toMatchObject({ admission: "cordoned" });
  await api.servers.cordon.mutate({ serverId }); // Again, it changes nothing.
  await newestCordon(true);
  expect(platform.relay.entriesOf(serverId).filter((entry) => entry.kind === "cordon")).toHaveLength(1);
  const { runId } = await submit();
  const renew = async () => {
    const answer = await platform.internal("/relay/renewals", { serverId, runIds: [runId] });
    return renewalAnswerSchema.parse(await answer.json());
  };
  expect(await renew()).toEqual({ renewed: [], refused: [] });
  expect(await api.servers.uncordon.mutate({ serverId })).toMatchObject({ admission: "open" });
  await newestCordon(false);
  expect(await renew()).toMatchObject({ renewed: [{ runId }], refused: [] });
  const entries = await platform.api.runtime.db.select().from(auditEntries);
  expect(entries.map(({ action }) => action).filter((action) => action.includes("cordon"))).toEqual([
    "server.cordon",
    "server.uncordon",
  ]);
});

test("the explanation of a task on a cordoned server says so", async () => {
  const { platform, api, serverId, submit } = await start();
  await using _ = platform;
  await api.servers.cordon.mutate({ serverId });
  const { taskId } = await submit();
  platform.relay.waiting = { isOnline: true, state: "waiting", waiting: { reason: "cordoned" } };
  await platform.relay.until(() => platform.relay.commandsOf(serverId).length === 2);
  await expect
    .poll(async () => (await api.tasks.get.query({ taskId })).waiting)
    .toEqual({ reason: "cordon", message: expect.stringContaining("box is cordoned") });
});

test("a drained server is said to be so only when the relay took the newest cordon and nothing runs any more", async () => {
  const { platform, api, serverId, bridge, submit, commandOf, newestCordon } = await start();
  await using _ = platform;
  const { runId } = await submit();
  const command = await commandOf(runId);
  await platform.report(serverId, { kind: "dispatched", runId });
  expect(await api.servers.drain.mutate({ serverId, cancelsRuns: false })).toMatchObject({
    admission: "draining",
    openRuns: 1,
  });
  const position = await newestCordon(true);
  await platform.report(serverId, { kind: "result", ...(await bridge.finish(command)) });
  expect(await api.servers.get.query({ serverId })).toMatchObject({ admission: "draining", openRuns: 0 });
  await platform.report(serverId, { kind: "cordonTaken", position: position - 1 });
  expect(await api.servers.get.query({ serverId })).toMatchObject({ admission: "draining" });
  await platform.report(serverId, { kind: "cordonTaken", position });
  expect(await api.servers.get.query({ serverId })).toMatchObject({ admission: "drained" });
  expect(await api.servers.uncordon.mutate({ serverId })).toMatchObject({ admission: "open" });
  // The word about the cordon that is over, once more: it says nothing of the next one.
  await api.servers.drain.mutate({ serverId, cancelsRuns: false });
  await platform.report(serverId, { kind: "cordonTaken", position });
  expect(await api.servers.get.query({ serverId })).toMatchObject({ admission: "draining" });
});

test("a drain that cancels asks each run that goes on to end, behind the cordon, and leaves what waits", async () => {
  const { platform, api, serverId, submit, commandOf } = await start();
  await using _ = platform;
  const running = await submit();
  await commandOf(running.runId);
  await platform.report(serverId, { kind: "dispatched", runId: running.runId });
  const waiting = await submit();
  await api.servers.drain.mutate({ serverId, cancelsRuns: true });
  await platform.relay.until(() => platform.relay.entriesOf(serverId).at(-1)?.kind === "cancel");
  expect(platform.relay.entriesOf(serverId).slice(-2)).toMatchObject([
    { kind: "cordon", isCordoned: true },
    { kind: "cancel", runId: running.runId },
  ]);
  expect(await api.tasks.get.query({ taskId: running.taskId })).toMatchObject({ isCancelling: true });
  expect(await api.tasks.get.query({ taskId: waiting.taskId })).toMatchObject({ isCancelling: false, state: "queued" });
});

test("a server on which workspaces live is removed only by its name, and only by who may", async () => {
  const { platform, api, serverId } = await start();
  await using _ = platform;
  const viewer = await platform.memberOf((await api.orgs.current.query()).orgId, "viewer");
  const { servers } = viewer.api;
  for (const call of [
    servers.cordon.mutate({ serverId }),
    servers.uncordon.mutate({ serverId }),
    servers.drain.mutate({ serverId, cancelsRuns: true }),
    servers.setLabels.mutate({ serverId, labels: [] }),
    servers.enrolments.query(),
  ])
    expect(await refusalOf(call)).toMatchObject({ code: "FORBIDDEN" });
  for (const confirmName of [null, "another"]) {
    expect(await refusalOf(api.servers.revoke.mutate({ serverId, confirmName }))).toMatchObject({
      code: "CONFIRMATION_NEEDED",
      message: expect.stringContaining("A workspace lives on box"),
    });
  }
  expect(await api.servers.get.query({ serverId })).toMatchObject({ isRevoked: false });
  expect(await api.servers.revoke.mutate({ serverId, confirmName: " box " })).toMatchObject({ isRevoked: true });
  expect(await refusalOf(api.servers.cordon.mutate({ serverId }))).toMatchObject({ code: "REVOKED" });
});

test("labels are kept once each, in their order, and a change of them is recorded", async () => {
  const { platform, api, serverId } = await start();
  await using _ = platform;
  const labels = ["region=eu", "GPU", "gpu"];
  expect((await api.servers.setLabels.mutate({ serverId, labels })).labels).toEqual(["region=eu", "gpu"]);
  await api.servers.setLabels.mutate({ serverId, labels });
  expect((await api.servers.list.query())[0]?.labels).toEqual(["region=eu", "gpu"]);
  const refused = await refusalOf(api.servers.setLabels.mutate({ serverId, labels: ["a\u202eb"] }));
  expect(refused).toMatchObject({ code: "BAD_REQUEST" });
  const count = await platform.api.runtime.db.$count(auditEntries, sql`${auditEntries.action} = 'server.setLabels'`);
  expect(count).toBe(1);
});
