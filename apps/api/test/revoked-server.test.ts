import { expect, test } from "vitest";
import { capabilities } from "./fake-bridge.ts";
import { newId, refusalOf, TestApi } from "./test-api.ts";

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
  expect(await refusalOf(viewer.api.servers.revoke.mutate({ serverId }))).toMatchObject({ code: "FORBIDDEN" });
  expect(await api.servers.revoke.mutate({ serverId })).toMatchObject({ isRevoked: true });
  await api.servers.revoke.mutate({ serverId });
  await platform.relay.until(() => platform.relay.entriesOf(serverId).at(-1)?.kind === "revoke");
  expect(platform.relay.entriesOf(serverId).filter((entry) => entry.kind === "revoke")).toHaveLength(1);

  const command = platform.relay.commandsOf(serverId).find(({ action }) => action === "exec");
  if (!command) throw new Error("no command");
  await platform.report(serverId, { kind: "result", ...(await bridge.finish(command)) });
  expect((await api.tasks.get.query({ taskId })).state).not.toBe("ended");
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
