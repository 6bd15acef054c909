import { renewalAnswerSchema } from "@quarterdeck/core/protocol/relay-api";
import { expect, test } from "vitest";
import { capabilities, FakeBridge } from "./fake-bridge.ts";
import { newId, refusalOf, TestApi, tokenIn } from "./test-api.ts";

test("a removed server's relay object is told at once, and what its key signs counts for nothing [W2]", async () => {
  await using platform = await TestApi.start();
  const { api, serverId, bridge, workspaceId } = await platform.withWorkspace();
  const taskId = newId("task");
  await api.tasks.submit.mutate({
    taskId,
    workspaceId,
    projectId: null,
    action: "exec",
    params: { program: "echo", args: ["x"] },
  });
  await platform.relay.until(() => platform.relay.entriesOf(serverId).at(-1)?.kind === "command");
  const viewer = await platform.memberOf((await api.orgs.current.query()).orgId, "viewer");
  expect(await refusalOf(viewer.api.servers.revoke.mutate({ serverId, confirmName: "box" }))).toMatchObject({
    code: "FORBIDDEN",
  });
  expect(await api.servers.revoke.mutate({ serverId, confirmName: "box" })).toMatchObject({ isRevoked: true });
  await api.servers.revoke.mutate({ serverId, confirmName: "box" });
  await platform.relay.until(() => platform.relay.entriesOf(serverId).at(-1)?.kind === "revoke");
  expect(platform.relay.entriesOf(serverId).filter((entry) => entry.kind === "revoke")).toHaveLength(1);

  const command = platform.relay.commandsOf(serverId).find(({ action }) => action === "exec");
  if (!command) throw new Error("no command");
  await platform.report(serverId, { kind: "result", ...(await bridge.finish(command)) });
  expect((await api.tasks.get.query({ taskId })).state).not.toBe("ended");
});

test("nothing is submitted to a removed server, and what waits for it is not signed anew [W2]", async () => {
  await using platform = await TestApi.start();
  const { api, serverId, workspaceId } = await platform.withWorkspace();
  const wish = (taskId = newId("task")) => ({
    taskId,
    workspaceId,
    projectId: null,
    action: "exec",
    params: { program: "echo", args: ["x"] },
  });
  const earlier = wish();
  const { runId } = await api.tasks.submit.mutate(earlier);
  await api.servers.revoke.mutate({ serverId, confirmName: "box" });
  await platform.relay.until(() => platform.relay.entriesOf(serverId).at(-1)?.kind === "revoke");

  const refused = { code: "REVOKED", message: expect.stringContaining("box was removed") };
  const late = wish();
  expect(await refusalOf(api.tasks.submit.mutate(late))).toMatchObject(refused);
  expect(await refusalOf(api.tasks.get.query({ taskId: late.taskId }))).toMatchObject({ code: "NOT_FOUND" });
  expect((await api.tasks.submit.mutate(earlier)).runId).toBe(runId); // Asked again, it gets the same answer.
  const url = "https://example.com/qs.git";
  for (const call of [
    api.projects.createFromGit.mutate({ workspaceId, name: "qs", url }),
    api.workspaces.create.mutate({ name: "Other", serverId }),
  ])
    expect(await refusalOf(call)).toMatchObject(refused);
  const answer = await platform.internal("/relay/renewals", { serverId, runIds: [runId] });
  expect(renewalAnswerSchema.parse(await answer.json())).toMatchObject({ renewed: [], refused: [{ code: "REVOKED" }] });
  expect(platform.relay.entriesOf(serverId).at(-1)?.kind).toBe("revoke");
});

test("nobody watches, updates or enrols a removed server", async () => {
  await using platform = await TestApi.start();
  const { api } = await platform.signedUp();
  const { command } = await api.servers.createEnrolment.mutate({});
  const bridge = await FakeBridge.create();
  const { serverId } = await bridge.enrol(platform.origin, tokenIn(command));
  await platform.report(serverId, { kind: "online", epoch: 1, bootId: "boot", capabilities });
  await api.servers.viewerTicket.mutate({ serverId, telemetry: true, runIds: [] });
  await api.servers.revoke.mutate({ serverId, confirmName: "box" });
  for (const call of [
    api.servers.viewerTicket.mutate({ serverId, telemetry: true, runIds: [] }),
    api.updates.updateServer.mutate({ serverId }),
    api.updates.updateAll.mutate({ firstServerId: serverId }),
  ])
    expect(await refusalOf(call)).toMatchObject({ code: "REVOKED", message: expect.stringContaining("was removed") });
  await expect(bridge.enrol(platform.origin, tokenIn(command))).rejects.toThrow(/REVOKED/);
});

test("a bridge that is not let in raises an alert until it is; two bridges with one key do so for a day", async () => {
  await using platform = await TestApi.start();
  const { api, serverId } = await platform.withWorkspace();
  const alert = async () => (await api.servers.get.query({ serverId })).connectionAlert?.code ?? null;
  const online = { kind: "online", epoch: 2, bootId: "b", capabilities } as const;
  for (const code of ["UNAUTHENTICATED", "REVOKED", "VERSION_UNSUPPORTED"] as const) {
    await platform.report(serverId, { kind: "notLetIn", code });
    expect(await alert()).toBe(code);
    await platform.report(serverId, online);
    expect(await alert()).toBeNull();
  }
  await platform.report(serverId, { kind: "duplicateKey", epoch: 3, bootId: "other" }, online);
  expect(await alert()).toBe("SUPERSEDED");
});
