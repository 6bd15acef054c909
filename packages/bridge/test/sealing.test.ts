import { existsSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ProjectId } from "@quarterdeck/core/ids";
import type { Command, CommandText } from "@quarterdeck/core/protocol/command";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Journal } from "../src/journal/journal.ts";
import { newId, tailText } from "./fake-platform.ts";
import { RealBridge } from "./real-bridge.ts";

let bridge: RealBridge;
beforeEach(async () => {
  bridge = await RealBridge.start({ args: ["--consent-no-isolation"] });
});
afterEach(() => bridge[Symbol.asyncDispose]());

const secretInput = { environment: { API_TOKEN: "hush-environment" }, stdin: "hush-input" };
const print = {
  program: "node",
  args: ["-e", "process.stdin.on('data', (d) => console.log(process.env.API_TOKEN, String(d), process.env.TERM))"],
};

function filesOf(run: string): Map<string, string> {
  const names = readdirSync(bridge.data.path, { recursive: true, withFileTypes: true }).filter((one) => one.isFile());
  return new Map(
    names.map(({ parentPath, name }) => [
      `${parentPath === join(bridge.data.runs, run) ? "run/" : ""}${name}`,
      readFileSync(join(parentPath, name), "latin1"),
    ]),
  );
}

it("gives a program its secret input, and leaves it in no file, journal or log [W4]", async () => {
  const { command, text } = await bridge.relay.platform.makeCommand({ action: "exec", params: print, secretInput });
  bridge.relay.sendSigned(text);
  const end = await bridge.relay.untilFinished(command.runId);
  expect(tailText(end)).toBe("hush-environment hush-input dumb\n");
  const files = filesOf(command.runId);
  expect(files.get("run/spec.json")).toContain(command.runId);
  for (const [name, content] of files) {
    if (name === "run/output") continue; // What the program wrote is on its server in clear.
    expect([name, /hush-(environment|input)/.test(content)]).toEqual([name, false]);
  }
  expect(bridge.log).not.toMatch(/hush-(environment|input)/);
});

it("sends output and its end in a form that shows nothing of it [W4]", async () => {
  const words = "plain words ".repeat(20);
  const runId = await bridge.relay.send({ action: "exec", params: { program: "echo", args: [words] } });
  bridge.relay.watch({ runs: [runId] });
  await bridge.relay.changes.until(() => bridge.relay.output.get(runId)?.isEnded, "the output");
  await bridge.relay.untilFinished(runId);
  expect(bridge.relay.output.get(runId)?.bytes.toString()).toBe(`${words}\n`);
  const texts = bridge.relay.frames.flatMap((frame) => {
    if (frame.type === "output") return [Buffer.from(frame.data, "base64").toString("latin1")];
    if (frame.type !== "results") return [];
    return frame.items.map(({ signed }) => {
      const { tail } = JSON.parse(signed) as { tail?: string | null };
      return signed + Buffer.from(tail ?? "", "base64").toString("latin1");
    });
  });
  expect(texts.length).toBeGreaterThan(1);
  for (const text of texts) expect(text).not.toContain("plain words");
});

it("refuses a command with another one's sealed part, and starts nothing [W4]", async () => {
  const [one, two] = await Promise.all(
    ["1", "2"].map((stdin) =>
      bridge.relay.platform.makeCommand({ action: "exec", params: print, secretInput: { ...secretInput, stdin } }),
    ),
  );
  bridge.relay.sendSigned({ ...one!.text, sealed: two!.text.sealed });
  const end = await bridge.relay.untilFinished(one!.command.runId);
  expect(end).toMatchObject({ verdict: "refused", code: "SEALED_PART_INVALID", tail: null });
  expect(readdirSync(bridge.data.runs)).toEqual([]);
});

it("opens what it had journaled again after a crash, and seals with the same key [F4]", async () => {
  const script = "process.stdin.on('data', (d) => { console.log(String(d)); setInterval(() => {}, 1000) })";
  const running = { action: "exec", params: { program: "node", args: ["-e", script] }, secretInput } as const;
  const runId = await bridge.relay.send(running);
  bridge.relay.watch({ runs: [runId] });
  await bridge.relay.changes.until(() => bridge.relay.output.get(runId)?.bytes.length, "its output");
  await bridge.end("SIGKILL");
  bridge.begin(["--consent-no-isolation"]);
  await bridge.relay.send({ action: "task.cancel", params: { runId } });
  const end = await bridge.relay.untilFinished(runId);
  expect(end.verdict).toBe("cancelled");
  expect(tailText(end)).toBe("hush-input\n");
});

describe("a journaled command whose sealed part does not open after a restart", () => {
  /** A program that counts its starts and ends when a file appears. */
  async function waiting() {
    const { scratch } = bridge.data.workspace(bridge.relay.platform.workspaceId);
    const [count, go] = [join(scratch, "count"), join(scratch, "go")];
    const script = `const fs = require('node:fs'); fs.appendFileSync('${count}', 'x');
      setInterval(() => { if (fs.existsSync('${go}')) process.exit(3); }, 5)`;
    const params = { program: "node", args: ["-e", script] };
    const made = await bridge.relay.platform.makeCommand({ action: "exec", params, secretInput });
    return { ...made, go, starts: () => (existsSync(count) ? readFileSync(count, "utf8").length : 0) };
  }

  /** Ends the bridge, and has its journal say that the command came with another's sealed part. */
  async function swapSealedPart(command: Command, text: CommandText): Promise<void> {
    await bridge.end("SIGKILL");
    const other = await bridge.relay.platform.makeCommand({ action: "exec", params: print, secretInput });
    const journal = Journal.open(bridge.data.journalFile, 1);
    const { commandId, runId, effect, expiresAtMs } = command;
    const state = journal.find(commandId)?.record.state ?? "RECEIVED";
    journal.transaction(() => {
      journal.remove(commandId);
      journal.save({
        commandId,
        runId,
        effect,
        state,
        bootId: null,
        reruns: 0,
        receivedAtMs: 1,
        forgetAtMs: expiresAtMs,
        text: { ...text, sealed: other.text.sealed },
      });
    });
    journal.close();
  }

  const begin = () => bridge.begin(["--consent-no-isolation"]);

  it("and had not started is refused, and nothing starts [F4]", async () => {
    const { command, text, starts } = await waiting();
    await swapSealedPart(command, text);
    begin();
    expect(await bridge.relay.untilFinished(command.runId)).toMatchObject({
      verdict: "refused",
      code: "SEALED_PART_INVALID",
      startedAtMs: null,
    });
    expect(starts()).toBe(0);
  });

  it("and is one of the bridge's own actions is refused [F4]", async () => {
    const { command, text } = await bridge.relay.platform.makeCommand({ action: "workspace.create" });
    await swapSealedPart(command, text);
    begin();
    expect(await bridge.relay.untilFinished(command.runId)).toMatchObject({ code: "SEALED_PART_INVALID" });
  });

  it("and that runs is taken to its true end [F4]", async () => {
    const { command, text, starts, go } = await waiting();
    bridge.relay.sendSigned(text);
    await bridge.relay.untilStarted(command.runId);
    await bridge.relay.changes.until(() => starts() === 1, "the program");
    await swapSealedPart(command, text);
    begin();
    await bridge.relay.untilOnline();
    writeFileSync(go, "");
    expect(await bridge.relay.untilFinished(command.runId)).toMatchObject({ verdict: "failed", exitCode: 3 });
    expect(starts()).toBe(1);
  });

  it("and whose run was cut off ends as that, with the reason why it was not started again [F4]", async () => {
    const { command, text } = await bridge.relay.platform.makeCommand({
      action: "project.clone",
      params: { url: "https://git.example/a.git", branch: null },
      projectId: newId("project") as ProjectId,
    });
    await swapSealedPart(command, text);
    const directory = bridge.data.run(command.runId);
    mkdirSync(directory.path);
    writeFileSync(
      directory.started,
      JSON.stringify({ bootId: "an earlier boot", pid: 1, startTicks: "1", startedAtMs: 5 }),
    );
    begin();
    expect(await bridge.relay.untilFinished(command.runId)).toMatchObject({
      verdict: "indeterminate",
      code: "CUT_OFF",
      message: expect.stringContaining("sealed part"),
    });
  });

  it("or that nobody ever signed ends as damaged [F4]", async () => {
    const { command, text, starts } = await waiting();
    await swapSealedPart(command, { ...text, signature: "A".repeat(86) });
    begin();
    expect(await bridge.relay.untilFinished(command.runId)).toMatchObject({
      verdict: "indeterminate",
      code: "JOURNAL_DAMAGED",
    });
    expect(starts()).toBe(0);
  });
});

it("still seals the output of a run that ended before it was restarted, and says so when it lost the key", async () => {
  const [kept, lost] = [
    await bridge.relay.run({ action: "exec", params: { program: "echo", args: ["kept"] } }),
    await bridge.relay.run({ action: "exec", params: { program: "echo", args: ["lost"] } }),
  ];
  await bridge.end("SIGKILL");
  rmSync(bridge.data.run(lost.runId).contentKey);
  bridge.begin(["--consent-no-isolation"]);
  bridge.relay.watch({ runs: [kept.runId, lost.runId] });
  await bridge.relay.changes.until(() => bridge.relay.output.get(kept.runId)?.isEnded, "the output");
  expect(bridge.relay.output.get(kept.runId)?.bytes.toString()).toBe("kept\n");
  await bridge.relay.changes.until(
    () => bridge.relay.frames.some((frame) => frame.type === "gap" && frame.runId === lost.runId),
    "word that the other cannot be had",
  );
});
