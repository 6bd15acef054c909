import { readdir, readFile } from "node:fs/promises";
import { join } from "node:path";
import { eq } from "drizzle-orm";
import { expect, test } from "vitest";
import type { CommandText } from "@quarterdeck/core/protocol/command";
import { commandSchema, type Command } from "@quarterdeck/core/protocol/command";
import { deriveContentKey, sealContent } from "@quarterdeck/core/protocol/content-sealing";
import { importSealingKey } from "@quarterdeck/core/protocol/hpke";
import { openSecretInput, openStreamKey, splitSealedPart } from "@quarterdeck/core/protocol/sealed-part";
import { openTail } from "../src/client.ts";
import { tasks } from "../src/db/schema.ts";
import { keepHouse } from "../src/housekeeping.ts";
import type { FakeBridge } from "./fake-bridge.ts";
import { newId, refusalOf, TestApi, type Fixture } from "./test-api.ts";

const secretInput = { environment: { API_TOKEN: "hush-env-canary" }, stdin: "hush-stdin-canary" };
const clear = new Uint8Array(Buffer.from("the output"));

async function submit({ api, workspaceId }: Fixture, wish: object = {}) {
  return api.tasks.submit.mutate({
    taskId: newId("task"),
    workspaceId,
    projectId: null,
    action: "exec",
    params: { program: "echo", args: ["x"] },
    ...wish,
  });
}

/** The command of a server's newest outbox entry, with what its bridge opens of it. */
async function newest(platform: TestApi, { serverId, bridge }: Fixture, count: number) {
  const entry = (await platform.relay.hasEntries(serverId, count)).at(-1);
  if (entry?.kind !== "command") throw new Error(`not a command: ${JSON.stringify(entry)}`);
  const command = commandSchema.parse(JSON.parse(entry.signed));
  return { command, ...(await opened(bridge, command, entry)) };
}

async function opened(bridge: FakeBridge, command: Command, { sealed }: Pick<CommandText, "sealed">) {
  const parts = splitSealedPart(sealed ?? "");
  const key = await importSealingKey(bridge.sealingKey);
  const streamKey = await openStreamKey(parts.streamKey, key, command);
  const input = parts.secretInput === null ? null : await openSecretInput(parts.secretInput, key, command);
  if (!streamKey.ok || input?.ok === false) throw new Error("the bridge cannot open it");
  return { streamKey: streamKey.value, input: input?.value ?? null };
}

async function finish(platform: TestApi, { serverId, bridge }: Fixture, from: Awaited<ReturnType<typeof newest>>) {
  const { command, streamKey } = from;
  const contentKey = await deriveContentKey(streamKey, command.runId);
  const nonce = crypto.getRandomValues(new Uint8Array(12));
  const tail = await sealContent(clear, { runId: command.runId, place: { kind: "tail" } }, { contentKey, nonce });
  await platform.report(serverId, { kind: "result", ...(await bridge.finish(command, { tail })) });
}

async function tailOf({ api }: Pick<Fixture, "api">, taskId: Awaited<ReturnType<typeof submit>>["taskId"]) {
  const task = await openTail(await api.tasks.get.query({ taskId }));
  return task.ok ? Buffer.from(task.value).toString() : task.error.code;
}

test("environment and standard input reach the bridge sealed, also renewed, and stand nowhere in clear [W4]", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { taskId, runId } = await submit(fixture, { secretInput });
  const first = await newest(platform, fixture, 3);
  expect(first.input).toEqual(secretInput);
  expect(first.command.params).toEqual({ program: "echo", args: ["x"] });

  const body = { serverId: fixture.serverId, runIds: [runId] };
  const answer = (await (await platform.internal("/relay/renewals", body)).json()) as { renewed: CommandText[] };
  const renewed = commandSchema.parse(JSON.parse(answer.renewed[0]!.signed));
  expect(renewed.commandId).not.toBe(first.command.commandId);
  expect((await opened(fixture.bridge, renewed, answer.renewed[0]!)).input).toEqual(secretInput);
  // What was sealed for the first command opens for no other one, not even of the same run.
  await expect(
    opened(fixture.bridge, renewed, (await platform.relay.hasEntries(fixture.serverId, 3))[2] as CommandText),
  ).rejects.toThrow();

  await platform.api.database.client.execute("PRAGMA wal_checkpoint(TRUNCATE)");
  const files = await readdir(platform.dataDir, { recursive: true, withFileTypes: true });
  const texts = await Promise.all(
    files.filter((file) => file.isFile()).map((file) => readFile(join(file.parentPath, file.name), "latin1")),
  );
  expect(texts.join("")).toContain(taskId); // The look at the files sees what is there.
  for (const text of [...texts, ...platform.logLines, JSON.stringify(platform.relay.entriesOf(fixture.serverId))])
    expect(text).not.toMatch(/hush-(env|stdin)-canary/);
});

test("a secret input is part of what makes two submissions the same, and is deleted when its run has ended", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { taskId } = await submit(fixture, { secretInput });
  expect((await submit(fixture, { taskId, secretInput })).taskId).toBe(taskId);
  expect((await refusalOf(submit(fixture, { taskId, secretInput: { stdin: "other" } }))).code).toBe("CONFLICT");
  expect((await refusalOf(submit(fixture, { taskId }))).code).toBe("CONFLICT");
  const stored = async () => {
    await keepHouse(platform.api.runtime);
    const [row] = await platform.api.database.db.select().from(tasks).where(eq(tasks.taskId, taskId));
    return row?.secretInput;
  };
  expect(await stored()).not.toBeNull();
  await finish(platform, fixture, await newest(platform, fixture, 3));
  expect(await stored()).toBeNull();
});

test("a secret input stays while nobody has decided about an unknown outcome, and goes with the run that repeats it", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { taskId, runId } = await submit(fixture, { secretInput });
  await platform.report(fixture.serverId, { kind: "ended", runId, verdict: "indeterminate", code: "X", message: "" });
  const isStored = async () => {
    await keepHouse(platform.api.runtime);
    const [row] = await platform.api.database.db.select().from(tasks).where(eq(tasks.taskId, taskId));
    return row?.secretInput !== null;
  };
  expect(await isStored()).toBe(true);
  await fixture.api.tasks.resolveOutcome.mutate({ taskId, outcome: "runAgain" });
  expect((await newest(platform, fixture, 4)).input).toEqual(secretInput);
  expect(await isStored()).toBe(false);
});

test.each([
  ["LD_PRELOAD", "x"],
  ["NODE_OPTIONS", "--require /x"],
  ["PATH", "/x"],
  ["quarterdeck_run_id", "x"],
  ["A B", "x"],
  ["A", "x\0y"],
])("the variable %s is refused [S4]", async (name, value) => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const refusal = await refusalOf(submit(fixture, { secretInput: { environment: { [name]: value } } }));
  expect(refusal.code).toBe("BAD_REQUEST");
});

test("an action that starts no program of the user's takes no secret input, and too much of it is refused", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const log = { action: "task.log", params: { runId: newId("run"), fromOffset: 0, maxBytes: 1 }, secretInput };
  expect((await refusalOf(submit(fixture, log))).code).toBe("BAD_REQUEST");
  const long = { secretInput: { stdin: "x".repeat(33 * 1024) } };
  expect((await refusalOf(submit(fixture, long))).code).toBe("BAD_REQUEST");
});

test("a task that brings its standard input cannot be typed into as well: it is refused before it is sent", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const params = { program: "echo", args: ["x"], input: true };
  const refusal = await refusalOf(submit(fixture, { params, secretInput: { stdin: "" } }));
  expect(refusal).toMatchObject({ code: "BAD_REQUEST", message: expect.stringContaining("one standard input") });
  const { environment } = secretInput;
  await submit(fixture, { params, secretInput: { environment } });
  await submit(fixture, { params: { ...params, input: false }, secretInput });
});

test("who may read a run opens its output, over a change of epoch, and nobody of another org gets a key [T1]", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { client, serverId } = fixture;
  const before = await submit(fixture);
  const first = await newest(platform, fixture, 3);
  await finish(platform, fixture, first);

  const former = await platform.memberOf((await client.api.orgs.current.query()).orgId, "developer");
  const { userId } = (await former.api.auth.state.query()).me!;
  await client.api.members.remove.mutate({ userId });
  const after = await submit(fixture);
  const second = await newest(platform, fixture, 5); // Between them the relay is told of the removal.
  expect(second.streamKey.epoch).toBe(first.streamKey.epoch + 1);
  expect(second.streamKey.key).not.toBe(first.streamKey.key);
  await finish(platform, fixture, second);

  expect(await tailOf(fixture, before.taskId)).toBe("the output");
  expect(await tailOf(fixture, after.taskId)).toBe("the output");
  const ticket = await client.api.servers.viewerTicket.mutate({ serverId, telemetry: false, runIds: [after.runId] });
  expect(ticket.contentKeys).toEqual([
    {
      runId: after.runId,
      keys: [
        await deriveContentKey(first.streamKey, after.runId),
        await deriveContentKey(second.streamKey, after.runId),
      ],
    },
  ]);
  const outsider = await platform.outsider();
  expect((await refusalOf(outsider.api.tasks.get.query({ taskId: after.taskId }))).code).toBe("NOT_FOUND");
  expect(platform.relay.revocations).toHaveLength(1);
});

test("all commands of a workspace in one epoch bring the same stream key, and another workspace's is another", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  await Promise.all([submit(fixture), submit(fixture), submit(fixture)]);
  const entries = await platform.relay.hasEntries(fixture.serverId, 5);
  const keys = await Promise.all(
    entries.slice(1).map(async (entry) => {
      if (entry.kind !== "command") throw new Error("not a command");
      return (await opened(fixture.bridge, commandSchema.parse(JSON.parse(entry.signed)), entry)).streamKey.key;
    }),
  );
  expect(new Set(keys).size).toBe(1);
  const { serverId } = fixture;
  const other = await fixture.api.workspaces.create.mutate({ name: "Other", serverId });
  expect(other.workspaceId).not.toBe(fixture.workspaceId);
  expect((await newest(platform, fixture, 6)).streamKey.key).not.toBe(keys[0]);
});
