import { beforeAll, expect, test } from "vitest";
import type { Command } from "@quarterdeck/core/protocol/command";
import { generateSealingKey, type StoredSealingKey } from "@quarterdeck/core/protocol/hpke";
import { joinSealedPart, sealSecretInput, sealStreamKey } from "@quarterdeck/core/protocol/sealed-part";
import { sha256Base64Url } from "@quarterdeck/core/protocol/signing";
import { newId } from "../../test/fake-platform.ts";
import { SealedParts } from "./open-sealed-part.ts";

const streamKey = { epoch: 1, key: "k".repeat(43) };
const refused = { ok: false, error: { code: "SEALED_PART_INVALID" } };
let stored: StoredSealingKey;
let parts: SealedParts;
beforeAll(async () => {
  stored = await generateSealingKey();
  parts = await SealedParts.with(stored);
});

const serverId = newId("server");
const projectId = newId("project");

/** A command as far as its sealed part goes, and that part. */
async function make(changes: Partial<Command> = {}, stdin: string | null = null) {
  const ids = {
    serverId,
    commandId: newId("command"),
    runId: newId("run"),
    attempt: 1,
    projectId,
    workspaceId: newId("workspace"),
    action: "exec",
    params: { program: "cat", args: [] },
    ...changes,
  } as Command;
  const sealed = joinSealedPart({
    streamKey: await sealStreamKey(streamKey, stored.publicKey, ids),
    secretInput: stdin === null ? null : await sealSecretInput({ stdin }, stored.publicKey, ids),
  });
  return { command: { ...ids, sealedHash: await sha256Base64Url(sealed) }, sealed };
}

test("what came with a command is opened", async () => {
  const { command, sealed } = await make({}, "hush");
  const opened = { streamKey, secretInput: { stdin: "hush" } };
  expect(await parts.open(command, { sealed })).toEqual({ ok: true, value: opened });
  const bare = await make();
  expect(await parts.open(bare.command, bare)).toEqual({ ok: true, value: { streamKey, secretInput: {} } });
});

test("a sealed part that the command was not signed with is refused, and so is none [W4]", async () => {
  const [one, two] = [await make({}, "one"), await make({}, "two")];
  expect(await parts.open(one.command, two)).toMatchObject(refused);
  expect(await parts.open(one.command, { sealed: null })).toMatchObject(refused);
  expect(await parts.open({ ...one.command, sealedHash: null }, one)).toMatchObject(refused);
  expect(await parts.open({ ...one.command, sealedHash: null }, { sealed: null })).toMatchObject(refused);
  // Even a platform that signs a foreign hash cannot give one command's secrets to another.
  expect(await parts.open({ ...one.command, sealedHash: two.command.sealedHash }, two)).toMatchObject(refused);
});

test("another project's stream key is refused, also one that was opened before [W4]", async () => {
  const { command, sealed } = await make();
  expect(await parts.open(command, { sealed })).toMatchObject({ ok: true });
  expect(await parts.open({ ...command, projectId: newId("project") } as Command, { sealed })).toMatchObject(refused);
});

test("a cancel has no sealed part, and one that has is refused", async () => {
  const { command, sealed } = await make({ action: "task.cancel" });
  expect(await parts.open({ ...command, sealedHash: null }, { sealed: null })).toEqual({ ok: true, value: null });
  expect(await parts.open(command, { sealed })).toMatchObject(refused);
});

test("secrets for an action that gives them to no program of the user's are refused", async () => {
  const { command, sealed } = await make({ action: "git.pull" }, "hush");
  expect(await parts.open(command, { sealed })).toMatchObject({ ok: false, error: { code: "COMMAND_INVALID" } });
});
