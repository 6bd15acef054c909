import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunId } from "@quarterdeck/core/ids";
import type { CommandText } from "@quarterdeck/core/protocol/command";
import { limits } from "@quarterdeck/core/protocol/limits";
import { signText } from "@quarterdeck/core/protocol/signing";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { helperProtocol } from "../src/host/host-verbs.ts";
import { findRunProcesses } from "../src/wrapper/processes.ts";
import { newId, newKey, type CommandWish, type FakePlatform } from "./fake-platform.ts";
import { CapturedDaemon, enrolledPlatform, HelperProcess } from "./helper-process.ts";

let helper: HelperProcess;
let platform: FakePlatform;
let captured: CapturedDaemon;
const bridgePath = mkdtempSync(join(tmpdir(), "qd-captured-"));
beforeAll(async () => {
  platform = await enrolledPlatform(bridgePath);
  helper = new HelperProcess();
  await helper.init(bridgePath);
  await helper.begin();
  captured = await CapturedDaemon.connect(helper.socketPath);
});
afterAll(async () => {
  captured[Symbol.dispose]();
  await helper[Symbol.asyncDispose]();
  rmSync(bridgePath, { recursive: true, force: true });
});

/** A program that leaves a mark each time it is started. */
async function marking(wish: Partial<CommandWish> = {}) {
  const mark = `mark-${newId("entry")}`;
  const path = join(helper.data.workspace(platform.workspaceId).scratch, mark);
  const script = `require('node:fs').appendFileSync(${JSON.stringify(mark)}, 'x')`;
  const made = await platform.makeCommand({
    action: "exec",
    params: { program: "node", args: ["-e", script] },
    ...wish,
  });
  const starts = () => (existsSync(path) ? readFileSync(path, "utf8").length : 0);
  return { ...made, runId: made.command.runId, starts };
}

async function run({ runId, text }: { runId: RunId; text: CommandText }): Promise<unknown> {
  expect(await captured.ask("prepare", { text })).toEqual({ kind: "ready" });
  await captured.ask("launch", { runId });
  await captured.ask("untilEnded", { runId });
  return captured.ask("complete", { runId, isCancelled: false });
}

/** Nothing has happened: no start, no folder of a run, and the refusal is in the helper's log. */
async function expectRefused(text: CommandText, runId: RunId, code: string): Promise<void> {
  const before = helper.refusals.length;
  expect(await captured.refusal("prepare", { text })).toBe(code);
  expect(await captured.refusal("launch", { runId })).toBe("NOT_READY");
  expect(existsSync(helper.data.run(runId).started)).toBe(false);
  await helper.changes.until(() => helper.refusals.length >= before + 2, "the helper's log");
  expect(helper.refusals.slice(before)).toContain(code);
}

describe("a captured daemon", () => {
  it("gets done what the platform signed: the helper works", async () => {
    const made = await marking();
    expect(await run(made)).toMatchObject({ verdict: "succeeded" });
    expect(made.starts()).toBe(1);
  });

  it.each<[string, string, (made: Awaited<ReturnType<typeof marking>>) => Promise<CommandText> | CommandText]>([
    [
      "that it made up, with a key of its own",
      "SIGNATURE_INVALID",
      async ({ command }) => ({
        ...(await signText((await newKey()).privateKey, "command", JSON.stringify(command))),
        sealed: null,
      }),
    ],
    [
      "with other arguments than were signed",
      "SIGNATURE_INVALID",
      ({ text }) => ({
        ...text,
        signed: text.signed.replace("appendFileSync", "appendFilesync"),
      }),
    ],
    [
      "signed for another use",
      "SIGNATURE_INVALID",
      async ({ command, text }) => ({
        ...(await signText(platform.current.privateKey, "ticket", JSON.stringify(command))),
        sealed: text.sealed,
      }),
    ],
    [
      "with a field too many",
      "COMMAND_INVALID",
      async ({ command, text }) => ({
        ...(await signText(platform.current.privateKey, "command", JSON.stringify({ ...command, asRoot: true }))),
        sealed: text.sealed,
      }),
    ],
    ["without its sealed part", "SEALED_PART_INVALID", ({ text }) => ({ ...text, sealed: null })],
    [
      "with the sealed part of another",
      "SEALED_PART_INVALID",
      async ({ text }) => ({
        ...text,
        sealed: (await marking({ secretInput: { environment: { NODE_OPTIONS: "--require=/x" } } })).text.sealed,
      }),
    ],
  ])("does not get a command carried out %s [W2] [W4]", async (_what, code, change) => {
    const made = await marking();
    await expectRefused(await change(made), made.runId, code);
    expect(made.starts()).toBe(0);
  });

  it.each<[string, string, Partial<CommandWish>]>([
    ["for another server", "COMMAND_WRONG_TARGET", { overrides: { serverId: newId("server") } }],
    ["for another key", "COMMAND_WRONG_TARGET", { overrides: { bridgeKeyFingerprint: "SHA256:x" } }],
    [
      "that has run out",
      "COMMAND_EXPIRED",
      { overrides: { notBeforeMs: Date.now() - 2_000_000, expiresAtMs: Date.now() - 1_000_000 } },
    ],
    ["that is not valid yet", "COMMAND_NOT_YET_VALID", { overrides: { notBeforeMs: Date.now() + 1_000_000 } }],
    ["with a gentler effect", "COMMAND_INVALID", { overrides: { effect: "idempotent" } }],
    ["of an unknown action", "COMMAND_UNSUPPORTED", { overrides: { action: "root.shell" } }],
    ["without a word about its sealed part", "SEALED_PART_INVALID", { overrides: { sealedHash: null } }],
    ["of a program that may not run", "PROGRAM_NOT_ALLOWED", { params: { program: "bash", args: [] } }],
    ["of a path instead of a program", "PROGRAM_NOT_ALLOWED", { params: { program: "/bin/sh", args: [] } }],
  ])("does not get a signed command carried out %s [W2]", async (_what, code, wish) => {
    const made = await marking(wish);
    await expectRefused(made.text, made.runId, code);
    expect(made.starts()).toBe(0);
  });

  it("has the bridge neither updated nor a run cancelled through a command here", async () => {
    const { runId } = (await marking()).command;
    const cancel = await platform.makeCommand({ action: "task.cancel", params: { runId } });
    expect(await captured.refusal("prepare", { text: cancel.text })).toBe("COMMAND_UNSUPPORTED");
    const params = { version: "9.9.9", manifestHash: "A".repeat(43), allowsDowngrade: true, triesAgain: true };
    const update = await platform.makeCommand({ action: "bridge.update", params });
    expect(await captured.refusal("prepare", { text: update.text })).toBe("COMMAND_UNSUPPORTED");
    expect(await captured.refusal("runOwn", { runId: update.command.runId })).toBe("NOT_READY");
  });

  it("starts nothing before it was prepared", async () => {
    const made = await marking();
    expect(await captured.refusal("launch", { runId: made.runId })).toBe("NOT_READY");
    expect(await captured.refusal("runOwn", { runId: made.runId })).toBe("NOT_READY");
    expect(await captured.refusal("complete", { runId: made.runId, isCancelled: false })).toBe("NOT_FOUND");
    expect(await captured.refusal("clear", { runId: made.runId })).toBe("NOT_FOUND");
    expect(await captured.refusal("kill", { runId: made.runId })).toBe("NOT_FOUND");
    expect(existsSync(helper.data.run(made.runId).path)).toBe(false);
  });

  it("starts what must start at most once no second time: again, cleared, forgotten, after a restart of the helper [W3]", async () => {
    const made = await marking();
    const { runId, text } = made;
    await run(made);
    expect(await captured.refusal("prepare", { text })).toBe("CONFLICT");
    expect(await captured.refusal("launch", { runId })).toBe("NOT_READY");
    expect(await captured.refusal("clear", { runId })).toBe("CONFLICT");
    await helper.end();
    await helper.begin();
    captured = await CapturedDaemon.connect(helper.socketPath);
    expect(await captured.refusal("prepare", { text })).toBe("CONFLICT");
    await captured.ask("forget", { runId });
    expect(existsSync(helper.data.run(runId).path)).toBe(false);
    expect(await captured.refusal("prepare", { text })).toBe("CONFLICT");
    await helper.end();
    await helper.begin();
    captured = await CapturedDaemon.connect(helper.socketPath);
    expect(await captured.refusal("prepare", { text })).toBe("CONFLICT");
    expect(await captured.refusal("launch", { runId })).toBe("NOT_READY");
    expect(made.starts()).toBe(1);
  });

  it("starts it once also when it asks for it many times at the same moment [W3]", async () => {
    const made = await marking();
    const { runId, text } = made;
    const asked = Array.from({ length: 20 }, () => [
      captured.say("prepare", { text }),
      captured.say("launch", { runId }),
    ]);
    await Promise.all(asked.flat());
    await captured.ask("untilEnded", { runId });
    await helper.changes.until(() => existsSync(helper.data.run(runId).result), "the result");
    expect(made.starts()).toBe(1);
  });

  it("gets one run under one command only, whatever else the platform signed for it [W3]", async () => {
    const made = await marking();
    const other = await marking({ overrides: { runId: made.runId } });
    await captured.ask("prepare", { text: made.text });
    expect(await captured.refusal("prepare", { text: other.text })).toBe("COMMAND_CONFLICT");
    await captured.ask("launch", { runId: made.runId });
    await captured.ask("untilEnded", { runId: made.runId });
    expect([made.starts(), other.starts()]).toEqual([1, 0]);
  });

  it("and an honest one as well: cancels also what is being prepared when the cancel comes", async () => {
    const made = await marking();
    const { runId, text } = made;
    const [prepared, cancelled] = await Promise.all([
      captured.say("prepare", { text }),
      captured.say("cancel", { runId }),
    ]);
    expect([prepared.answer, cancelled.answer]).toEqual([{ kind: "ready" }, {}]);
    await captured.ask("launch", { runId });
    await captured.ask("untilEnded", { runId });
    expect(await captured.ask("complete", { runId, isCancelled: true })).toMatchObject({ verdict: "cancelled" });
    expect(made.starts()).toBe(0);
  });

  it("keeps no command for later: it is prepared and launched in its time, or not at all [W2]", async () => {
    // Past its end, and within the skew that clocks may have.
    const endsInMs = 3000;
    const expiresAtMs = Date.now() - limits.clockSkewMs + endsInMs;
    const made = await marking({ overrides: { notBeforeMs: expiresAtMs - 900_000, expiresAtMs } });
    const { runId, text } = made;
    await captured.ask("prepare", { text });
    await helper.changes.until(() => Date.now() > expiresAtMs + limits.clockSkewMs, "its end");
    expect(await captured.refusal("launch", { runId })).toBe("COMMAND_EXPIRED");
    expect(await captured.refusal("prepare", { text })).toBe("COMMAND_EXPIRED");
    await helper.end();
    await helper.begin();
    captured = await CapturedDaemon.connect(helper.socketPath);
    await expectRefused(text, runId, "COMMAND_EXPIRED");
    expect(made.starts()).toBe(0);
  });

  it("removes or cuts nothing of a run that goes on", async () => {
    const { command, text } = await platform.makeCommand({
      action: "exec",
      params: { program: "sleep", args: ["600"] },
    });
    const { runId } = command;
    await captured.ask("prepare", { text });
    await captured.ask("launch", { runId });
    await helper.changes.until(() => existsSync(helper.data.run(runId).started), "the start");
    expect(await captured.refusal("forget", { runId })).toBe("CONFLICT");
    expect(await captured.refusal("dropOutput", { runId })).toBe("CONFLICT");
    expect(await captured.refusal("complete", { runId, isCancelled: false })).toBe("NOT_READY");
    await captured.ask("cancel", { runId });
    await captured.ask("untilEnded", { runId });
    expect(findRunProcesses(runId)).toEqual([]);
  });

  it("has no say about what a run id names on the disk [S6]", async () => {
    const victim = join(helper.folder, "victim");
    mkdirSync(victim, { recursive: true });
    writeFileSync(join(victim, "output"), "precious");
    const { runId } = (await marking()).command;
    for (const name of [
      "../../victim",
      `${runId}/../../../victim`,
      "run_..",
      `${runId}\0`,
      "",
      `${runId}/`,
      [runId],
      { runId },
    ])
      for (const verb of ["forget", "dropOutput", "cancel", "kill", "endInput", "look", "untilEnded"] as const)
        expect(await captured.refusal(verb, { runId: name })).toBe("PROTOCOL_VIOLATION");
    expect(readFileSync(join(victim, "output"), "utf8")).toBe("precious");
  });

  it("is cut off when it says what no daemon says, and the helper goes on [W1]", async () => {
    const lines: [string, string][] = [
      [`${JSON.stringify({ id: 1, verb: "shell", params: { command: "id" } })}\n`, "PROTOCOL_VIOLATION"],
      // Only a signed command freezes a workspace, or lets it go on.
      [
        `${JSON.stringify({ id: 1, verb: "thaw", params: { workspaceId: "ws_1", projectId: null } })}\n`,
        "PROTOCOL_VIOLATION",
      ],
      ["not JSON\n", "PROTOCOL_VIOLATION"],
      [`{"id":1,"verb":"facts","verb":"usage","params":{}}\n`, "PROTOCOL_VIOLATION"],
      [`{"id":1,"verb":"facts","params":{"x":${"[".repeat(100)}${"]".repeat(100)}}}\n`, "PROTOCOL_VIOLATION"],
      [`${"x".repeat(limits.frameBytes + 1)}`, "TOO_LARGE"],
    ];
    for (const [line, code] of lines) {
      using guest = await CapturedDaemon.connect(helper.socketPath);
      guest.write(line);
      expect(await guest.untilCutOff()).toBe(code);
    }
    expect(await captured.ask("facts")).toMatchObject({ protocol: helperProtocol });
  });

  it("cannot have other keys obeyed, nor bring back one that was revoked [W2]", async () => {
    const [forged, next] = [await newKey(), await newKey()];
    const set = { v: 1, version: 2, current: forged.publicKey, next: next.publicKey, previous: null, revoked: [] };
    for (const signer of [forged.privateKey, platform.current.privateKey]) {
      const statement = await signText(signer, "keyStatement", JSON.stringify(set));
      expect(await captured.refusal("keys", { statements: [statement] })).toBe("SIGNATURE_INVALID");
    }
    const made = await marking({ key: forged.privateKey });
    await expectRefused(made.text, made.runId, "SIGNATURE_INVALID");

    const old = platform.current;
    const waiting = await marking();
    const statement = await platform.changeKeys("revoke");
    expect(await captured.ask("keys", { statements: [statement] })).toEqual({ version: 2 });
    await expectRefused(waiting.text, waiting.runId, "SIGNATURE_INVALID");
    const back = { ...platform.keys, v: 1, version: 3, previous: old.publicKey, revoked: [] };
    const undone = await signText(platform.next.privateKey, "keyStatement", JSON.stringify(back));
    expect(await captured.refusal("keys", { statements: [undone] })).toBe("PROTOCOL_VIOLATION");
    await helper.end();
    await helper.begin();
    captured = await CapturedDaemon.connect(helper.socketPath);
    expect(await captured.ask("facts")).toMatchObject({ keysVersion: 2 });
    await expectRefused(waiting.text, waiting.runId, "SIGNATURE_INVALID");
    const now = await marking();
    await run(now);
    expect(now.starts()).toBe(1);
  });

  it("gets no one trusted by writing into the bridge's own files", async () => {
    const trusted = readFileSync(join(helper.data.path, "own/trust.json"), "utf8");
    const other = mkdtempSync(join(tmpdir(), "qd-captured-"));
    await enrolledPlatform(other);
    expect(await helper.init(other)).toMatchObject({
      exitCode: 12,
      stderr: expect.stringContaining("somebody changed") as string,
    });
    const identity = JSON.parse(readFileSync(join(bridgePath, "identity.json"), "utf8")) as { platformKeys: object };
    const forged = { ...identity, platformKeys: { ...identity.platformKeys, current: (await newKey()).publicKey } };
    writeFileSync(join(bridgePath, "identity.json"), JSON.stringify(forged));
    expect(await helper.init(bridgePath)).toMatchObject({ exitCode: 0 });
    expect(readFileSync(join(helper.data.path, "own/trust.json"), "utf8")).toBe(trusted);
    rmSync(other, { recursive: true });
  });

  it("reads of the helper's files those of runs only", () => {
    for (const name of readdirSync(helper.data.path)) {
      const { mode } = statSync(join(helper.data.path, name));
      expect([name, mode & 0o077]).toEqual([name, name === "runs" ? 0o050 : 0]);
    }
    expect(statSync(helper.data.path).mode & 0o777).toBe(0o750);
  });
});

describe("a run of a helper", () => {
  it("that was lost its memory is not started twice: what was signed before counts as seen [F8]", async () => {
    const made = await marking();
    await run(made);
    await captured.ask("forget", { runId: made.runId });
    await helper.end();
    for (const suffix of ["", "-wal", "-shm"]) rmSync(join(helper.data.path, `own/runs.db${suffix}`), { force: true });
    await helper.begin();
    captured = await CapturedDaemon.connect(helper.socketPath);
    await expectRefused(made.text, made.runId, "COMMAND_EXPIRED");
    expect(made.starts()).toBe(1);
  });
});
