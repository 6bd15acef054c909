import { commandSchema } from "@quarterdeck/core/protocol/command";
import { renewalAnswerSchema } from "@quarterdeck/core/protocol/relay-api";
import { eq } from "drizzle-orm";
import { expect, test } from "vitest";
import { auditEntries } from "../src/db/schema.ts";
import { capabilities } from "./fake-bridge.ts";
import { newId, TestApi, type Fixture } from "./test-api.ts";

async function submitted(platform: TestApi, { api, serverId, workspaceId }: Fixture) {
  const task = { workspaceId, projectId: null, action: "exec", params: { program: "echo", args: [] } };
  const { taskId, runId } = await api.tasks.submit.mutate({ taskId: newId("task"), ...task });
  await platform.relay.until(() => platform.relay.commandsOf(serverId).some((sent) => sent.runId === runId));
  return { taskId, runId, command: platform.relay.commandsOf(serverId).find((sent) => sent.runId === runId)! };
}

async function refused(platform: TestApi) {
  const { db } = platform.api.database;
  const entries = await db.select().from(auditEntries).where(eq(auditEntries.outcome, "refused"));
  return entries.map(({ actor, action, subject, detail }) => ({ actor, action, subject, detail }));
}

const alertOf = async ({ api, serverId }: Fixture) =>
  (await api.servers.get.query({ serverId })).connectionAlert?.code ?? null;

test("a run that its bridge refused is in the audit log, once, with the code, and another end is not [W2]", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { serverId, bridge } = fixture;
  const change = { verdict: "refused", code: "PROGRAM_NOT_ALLOWED", exitCode: null, startedAtMs: null } as const;
  const one = await submitted(platform, fixture);
  const result = { kind: "result", ...(await bridge.finish(one.command, change)) } as const;
  await platform.report(serverId, result, result);
  const other = await submitted(platform, fixture);
  await platform.report(serverId, { kind: "result", ...(await bridge.finish(other.command)) });
  const late = { kind: "result", ...(await bridge.finish(other.command, change)) } as const;
  await platform.report(serverId, late);
  const entry = { actor: serverId, action: "run.refuse", subject: one.runId, detail: "PROGRAM_NOT_ALLOWED" };
  expect(await refused(platform)).toEqual([entry]);
});

test("a run that the relay ended as refused is in the audit log, and one that was cancelled or expired is not", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const runs = await Promise.all([1, 2, 3].map(() => submitted(platform, fixture)));
  const ends = [
    { verdict: "refused", code: "COMMAND_UNSUPPORTED" },
    { verdict: "refused", code: "CANCELLED" },
    { verdict: "expired", code: "COMMAND_EXPIRED" },
  ] as const;
  const reports = ends.map(
    (end, index) => ({ kind: "ended", runId: runs[index]!.runId, message: "", ...end }) as const,
  );
  await platform.report(fixture.serverId, ...reports);
  const entry = { actor: "relay", action: "run.refuse", subject: runs[0]!.runId, detail: "COMMAND_UNSUPPORTED" };
  expect(await refused(platform)).toEqual([entry]);
});

test("a command that conflicts raises an alert that outlives the next connection, is recorded, and changes no run [W3]", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { api, serverId, bridge } = fixture;
  const { taskId, runId, command } = await submitted(platform, fixture);
  await platform.report(serverId, { kind: "result", ...(await bridge.conflict(command, "command")) });
  await platform.report(serverId, { kind: "online", epoch: 2, bootId: "b", capabilities });
  expect(await alertOf(fixture)).toBe("COMMAND_CONFLICT");
  expect((await api.tasks.get.query({ taskId })).state).toBe("queued");
  const detail = expect.stringContaining(`COMMAND_CONFLICT: ${command.commandId}`);
  expect(await refused(platform)).toEqual([{ actor: serverId, action: "command.refuse", subject: runId, detail }]);
  // Nor does the word of another bridge, or about another server.
  const other = await platform.connectServer(fixture.client);
  const foreign = { kind: "result", ...(await other.bridge.conflict(command, "command")) } as const;
  await platform.report(other.serverId, foreign);
  expect(await alertOf({ ...fixture, ...other })).toBeNull();
});

test("a second signature of the same command, as a renewal is, is no alert; a command of nobody's for the run is [W3]", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { serverId, bridge } = fixture;
  const { runId, command } = await submitted(platform, fixture);
  const answer = await platform.internal("/relay/renewals", { serverId, runIds: [runId] });
  const { renewed } = renewalAnswerSchema.parse(await answer.json());
  const again = commandSchema.parse(JSON.parse(renewed[0]!.signed));
  for (const known of [command, again])
    await platform.report(serverId, { kind: "result", ...(await bridge.conflict(known, "run")) });
  expect(await alertOf(fixture)).toBeNull();
  expect(await refused(platform)).toEqual([]);
  const stranger = { ...command, commandId: newId("command") };
  await platform.report(serverId, { kind: "result", ...(await bridge.conflict(stranger, "run")) });
  expect(await alertOf(fixture)).toBe("COMMAND_CONFLICT");
});
