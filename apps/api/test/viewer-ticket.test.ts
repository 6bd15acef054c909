import { deriveContentKey } from "@quarterdeck/core/protocol/content-sealing";
import { deriveInputKey } from "@quarterdeck/core/protocol/input-sealing";
import { decodeTicket, ticketSchema } from "@quarterdeck/core/protocol/ticket";
import { expect, test } from "vitest";
import { capabilities } from "./fake-bridge.ts";
import { newId, refusalOf, TestApi, type Fixture } from "./test-api.ts";

const params = { program: "echo", args: [], input: true };

async function typable({ api, workspaceId }: Fixture) {
  const submission = { taskId: newId("task"), workspaceId, projectId: null, action: "exec", params };
  return (await api.tasks.submit.mutate(submission)).runId;
}

test("[T1] only who may run tasks gets a ticket to type into a run; watching needs less", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { api, serverId } = fixture;
  const runId = await typable(fixture);
  const wish = { serverId, telemetry: false, runIds: [runId], inputRunIds: [runId] };
  const { ticket } = await api.servers.viewerTicket.mutate(wish);
  const decoded = decodeTicket(ticket);
  if (!decoded.ok) throw new Error(decoded.error.message);
  const { topics } = ticketSchema.parse(JSON.parse(decoded.value.signed));
  expect(topics).toEqual([`output:${runId}`, `input:${runId}`]);

  const { orgId } = await api.orgs.current.query();
  const watcher = await platform.memberOf(orgId, "viewer");
  await expect(watcher.api.servers.viewerTicket.mutate(wish)).rejects.toThrow(/does not allow typing into a run/);
  await watcher.api.servers.viewerTicket.mutate({ ...wish, inputRunIds: [] });
});

test("[T1] the key that seals input comes with a ticket to type, for those runs only; who reads never gets one", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { api, serverId, workspaceId } = fixture;
  const [runId, other] = [await typable(fixture), await typable(fixture)];
  const { orgId } = await api.orgs.current.query();
  const streamKey = await platform.api.runtime.streamKeys.newest({ orgId }, workspaceId);
  const inputKeys = await Promise.all([runId, other].map((of) => deriveInputKey(streamKey, of)));
  const wish = { serverId, telemetry: false, runIds: [runId, other] };

  const toType = await api.servers.viewerTicket.mutate({ ...wish, inputRunIds: [runId] });
  expect(toType.inputKeys).toEqual([{ runId, keys: [inputKeys[0]] }]);
  expect(JSON.stringify(toType)).not.toContain(inputKeys[1]!.key);
  const watcher = await platform.memberOf(orgId, "viewer");
  for (const reader of [watcher.api, api]) {
    const toRead = await reader.servers.viewerTicket.mutate(wish);
    expect(toRead.contentKeys).toContainEqual({ runId, keys: [await deriveContentKey(streamKey, runId)] });
    expect(toRead.inputKeys).toEqual([]);
    for (const { key } of [...inputKeys, streamKey]) expect(JSON.stringify(toRead)).not.toContain(key);
  }
});

test("[F11] a bridge that takes no sealed input: such a run is refused at once, and so is a ticket to type", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { api, serverId } = fixture;
  const runId = await typable(fixture);
  const older = { ...capabilities, features: ["drain"] };
  await platform.report(serverId, { kind: "online", epoch: 2, bootId: "boot", capabilities: older });
  const ticket = { serverId, telemetry: false, runIds: [runId] };
  for (const refused of [typable(fixture), api.servers.viewerTicket.mutate({ ...ticket, inputRunIds: [runId] })]) {
    const { code, message } = await refusalOf(refused);
    expect([code, message]).toEqual([
      "COMMAND_UNSUPPORTED",
      expect.stringMatching(/version 0\.1\.0.* typed into a run/),
    ]);
  }
  await api.servers.viewerTicket.mutate(ticket);
});
