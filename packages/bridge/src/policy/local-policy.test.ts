import { chmodSync, chownSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { actions } from "@quarterdeck/core/actions/catalogue";
import type { Command } from "@quarterdeck/core/protocol/command";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { newId } from "../../test/fake-platform.ts";
import { createLog } from "../log.ts";
import { LocalPolicy } from "./local-policy.ts";
import { reportPolicy } from "./policy-report.ts";

let folder: string;
let file: string;
let lines: string[];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "quarterdeck-policy-"));
  file = join(folder, "policy.toml");
  lines = [];
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const log = createLog({ write: (line) => lines.push(line), isForPeople: false, nowMs: () => 0 });
const open = (isRequired = false) => new LocalPolicy({ path: file, isRequired, log });
const write = (text: string) => {
  writeFileSync(`${file}.new`, text, { mode: 0o644 });
  renameSync(`${file}.new`, file);
};
const forbidsMake = '[programs]\nforbid = ["make"]\n';
const command = (program: string) =>
  ({
    action: "exec",
    params: { program, args: [] },
    workspaceId: newId("workspace"),
    projectId: null,
    demand: actions.exec.demand,
    limits: { timeoutMs: 1000, outputBytes: 1000 },
  }) as unknown as Command;
const codeOf = (policy: LocalPolicy, program: string) => {
  const judged = policy.judge(command(program));
  return judged.ok ? "allowed" : judged.error.code;
};

describe("the policy of a server", () => {
  it("is the file as it is at each decision, without a restart", () => {
    const policy = open();
    expect(codeOf(policy, "make")).toBe("allowed");
    write(forbidsMake);
    expect(codeOf(policy, "make")).toBe("POLICY_FORBIDS");
    expect(codeOf(policy, "git")).toBe("allowed");
    write('[programs]\nforbid = ["git"]\n');
    expect([codeOf(policy, "make"), codeOf(policy, "git")]).toEqual(["allowed", "POLICY_FORBIDS"]);
  });

  it("stays what it was while the file is broken or away, and says so", () => {
    write(forbidsMake);
    const policy = open();
    write("[programs]\nforbit = []\n");
    expect([codeOf(policy, "make"), codeOf(policy, "git")]).toEqual(["POLICY_FORBIDS", "allowed"]);
    expect(reportPolicy(file, policy.state)).toMatchObject({
      state: "outdated",
      problem: expect.stringContaining("line 2"),
    });
    expect(lines.at(-1)).toContain("the last good policy stays in force");
    rmSync(file);
    expect(codeOf(policy, "make")).toBe("POLICY_FORBIDS");
    expect(policy.state.problem).toContain("is not there any more");
  });

  it("lets nothing run when it is broken from the start, until it is mended; a cancel counts", () => {
    write("[");
    const policy = open();
    expect(codeOf(policy, "git")).toBe("POLICY_UNREADABLE");
    expect(policy.judge({ ...command("git"), action: "task.cancel" }).ok).toBe(true);
    expect(policy.judgeRepository("https://example.org/a")?.code).toBe("POLICY_UNREADABLE");
    expect(reportPolicy(file, policy.state)).toMatchObject({ state: "unreadable", hash: null });
    write(forbidsMake);
    expect(codeOf(policy, "git")).toBe("allowed");
  });

  it("must be there when somebody named its file", () => {
    expect(codeOf(open(true), "git")).toBe("POLICY_UNREADABLE");
    expect(codeOf(open(), "git")).toBe("allowed");
  });

  it("is refused where others could have written it", () => {
    write("");
    chmodSync(file, 0o666);
    expect(open().state.problem).toContain(`chmod go-w ${file}`);
    chmodSync(file, 0o644);
    expect(open().state.problem).toBeNull();
    chmodSync(folder, 0o777);
    expect(open().state.problem).toContain(`chmod go-w ${folder}`);
    chmodSync(folder, 0o755);
    if (process.getuid?.() === 0) {
      chownSync(file, 65534, 65534);
      expect(open().state.problem).toContain(`chown root ${file}`);
    }
  });

  it("is refused where it is no file, or one without end", () => {
    symlinkSync("/dev/zero", file);
    expect(codeOf(open(), "git")).toBe("POLICY_UNREADABLE");
    rmSync(file);
    write(`#${"x".repeat(300 * 1024)}`);
    expect(open().state.problem).toContain("Shorten it");
  });

  it("says when something else holds, and not when the text is the same", () => {
    write(forbidsMake);
    const policy = open();
    let changes = 0;
    const end = policy.watch(() => (changes += 1));
    write(forbidsMake);
    policy.look();
    expect(changes).toBe(0);
    write("");
    policy.look();
    expect(changes).toBe(1);
    end();
    write(forbidsMake);
    policy.look();
    expect(changes).toBe(1);
  });

  it("is reported with its lines, and no more of it than fits", () => {
    const names = Array.from({ length: 150 }, (_, index) => `"p${index}"`);
    write(`[programs]\nforbid = [${names.join(",\n")}]\n[limits]\nruns = 2\n`);
    const report = reportPolicy(file, open().state);
    expect(report.rules[1]).toEqual({ line: 3, setting: "programs.forbid", value: "p1" });
    expect(report).toMatchObject({ state: "inForce", rulesLeftOut: 51 });
  });
});
