import { decodeTicket, ticketSchema } from "@quarterdeck/core/protocol/ticket";
import { expect, test } from "vitest";
import { newId, TestApi } from "./test-api.ts";

test("[T1] only who may run tasks gets a ticket to type into a run; watching needs less", async () => {
  await using platform = await TestApi.start();
  const { api, workspaceId, serverId } = await platform.withWorkspace();
  const params = { program: "echo", args: [], input: true };
  const submission = { taskId: newId("task"), workspaceId, projectId: null, action: "exec", params };
  const { runId } = await api.tasks.submit.mutate(submission);
  const wish = { serverId, telemetry: false, runIds: [runId], inputRunIds: [runId] };
  const { ticket } = await api.servers.viewerTicket.mutate(wish);
  const decoded = decodeTicket(ticket);
  if (!decoded.ok) throw new Error(decoded.error.message);
  const { topics } = ticketSchema.parse(JSON.parse(decoded.value.signed));
  expect(topics).toEqual([`output:${runId}`, `input:${runId}`]);

  const { orgId } = await api.orgs.current.query();
  const watcher = await platform.memberOf(orgId, "viewer");
  await expect(watcher.api.servers.viewerTicket.mutate(wish)).rejects.toThrow(/may watch runs and not type/);
  await watcher.api.servers.viewerTicket.mutate({ ...wish, inputRunIds: [] });
});
