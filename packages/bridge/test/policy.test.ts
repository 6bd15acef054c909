import { mkdtempSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { tailText } from "./fake-platform.ts";
import { RealBridge } from "./real-bridge.ts";
import { runCli } from "./run-cli.ts";

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "qd-policy-"));
  file = join(folder, "policy.toml");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const write = (text: string) => {
  writeFileSync(`${file}.new`, text);
  renameSync(`${file}.new`, file);
};
const call = (program: string, ...args: string[]) => ({ action: "exec", params: { program, args } }) as const;

describe("the policy of a server's owner", () => {
  it("has the last word about signed commands, holds at once when it changes, and is reported", async () => {
    write('[programs]\nforbid = ["date"]\n');
    await using bridge = await RealBridge.start({ args: ["--policy", file] });
    const { relay } = bridge;
    expect(relay.hello?.capabilities.policy).toMatchObject({
      state: "inForce",
      path: file,
      rules: [{ line: 2, setting: "programs.forbid", value: "date" }],
    });
    expect(relay.hello?.capabilities.programs).not.toContain("date");
    expect(await relay.run(call("date"))).toMatchObject({
      verdict: "refused",
      code: "POLICY_FORBIDS",
      message: expect.stringContaining(`${file} line 2 forbids the program date`),
    });

    write('[limits]\nruns = 1\noutput = "1 MiB"\n\n[terminals]\nallow = false\n');
    expect(await relay.run(call("date"))).toMatchObject({ verdict: "succeeded" });
    const typed = { ...call("cat"), params: { ...call("cat").params, input: true } };
    expect(await relay.run(typed)).toMatchObject({
      code: "POLICY_FORBIDS",
      message: expect.stringContaining("line 6"),
    });
    await relay.changes.until(() => relay.hello?.capabilities.capacity.runs === 1, "another hello");
    expect(relay.hello?.capabilities.policy?.rules.map(({ line }) => line)).toEqual([2, 3, 6]);

    write("[limits]\nruns = -1\n");
    expect(await relay.run(call("date"))).toMatchObject({ verdict: "succeeded" });
    await relay.changes.until(() => relay.hello?.capabilities.policy?.state === "outdated", "another hello");
    expect(relay.hello?.capabilities.policy?.problem).toContain("line 2: limits.runs");
    expect(bridge.log).toContain("the last good policy stays in force");
  });

  it("that is broken when the bridge starts lets nothing run", async () => {
    write("[programs\n");
    await using bridge = await RealBridge.start({ args: ["--policy", file] });
    expect(await bridge.relay.run(call("echo", "x"))).toMatchObject({ verdict: "refused", code: "POLICY_UNREADABLE" });
  });

  it("is checked by a command, with an exit code", async () => {
    const check = () => runCli(["policy", "check", file]);
    expect(await check()).toMatchObject({ exitCode: 3 });
    write('[actions]\nforbid = ["exec"]\n');
    expect(await check()).toMatchObject({
      exitCode: 0,
      stdout: expect.stringContaining("line 2: actions.forbid exec"),
    });
    write("[actions]\nforbidden = []\n");
    expect(await check()).toMatchObject({ exitCode: 1, stdout: expect.stringContaining("line 2: actions.forbidden") });
    expect(await runCli(["policy", "write"])).toMatchObject({
      exitCode: 2,
      stderr: expect.stringContaining("policy check [FILE]"),
    });
  });
});

describe("a run's programs", () => {
  it("are those of every project and those that the command adds, each with arguments that its rules allow [S3]", async () => {
    await using bridge = await RealBridge.start();
    const { relay } = bridge;
    const added = { programs: { added: ["basename"], installScripts: false } };
    expect(await relay.run(call("basename", "/a/b"))).toMatchObject({ code: "PROGRAM_NOT_ALLOWED" });
    expect(tailText(await relay.run({ ...call("basename", "/a/b"), overrides: added }))).toBe("b\n");
    expect(await relay.run(call("node", "--require", "/etc/x.js", "a.js"))).toMatchObject({
      verdict: "refused",
      code: "ARGUMENT_NOT_ALLOWED",
      message: expect.stringContaining("Argument 1 of node (--require, -r)"),
    });
  });

  it("install packages without their scripts, unless the project allows them [S5]", async () => {
    await using bridge = await RealBridge.start();
    const { relay } = bridge;
    const script = `
      const { mkdirSync, writeFileSync } = require("node:fs");
      mkdirSync("dep", { recursive: true });
      writeFileSync("dep/package.json", JSON.stringify({ name: "dep", version: "1.0.0", scripts: { install: "echo > ../script-ran" } }));
      writeFileSync("package.json", JSON.stringify({ name: "app", dependencies: { dep: "file:dep" } }));`;
    const look = call("node", "-p", 'String(require("node:fs").existsSync("script-ran"))');
    const install = call("npm", "install", "--offline", "--no-audit", "--no-fund", "--install-links=false");
    expect(await relay.run(call("node", "-e", script))).toMatchObject({ verdict: "succeeded" });
    expect(await relay.run(install)).toMatchObject({ verdict: "succeeded" });
    expect(tailText(await relay.run(look))).toBe("false\n");
    await relay.run(call("node", "-e", 'require("node:fs").rmSync("node_modules", { recursive: true })'));
    const allowed = { programs: { added: [], installScripts: true } };
    expect(await relay.run({ ...install, overrides: allowed })).toMatchObject({ verdict: "succeeded" });
    expect(tailText(await relay.run(look))).toBe("true\n");
  });
});
