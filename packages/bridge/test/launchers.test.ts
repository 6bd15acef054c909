import { execFileSync } from "node:child_process";
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkProgram } from "@quarterdeck/core/programs/check-program";
import { findProgram, searchPath } from "../src/drivers/search-path.ts";
import { afterEach, beforeEach, expect, it } from "vitest";

/** Without somebody who commits git rebases nothing, and without a shell make starts nothing that early. */
const needed = {
  GIT_AUTHOR_NAME: "a",
  GIT_AUTHOR_EMAIL: "a@b",
  GIT_COMMITTER_NAME: "a",
  GIT_COMMITTER_EMAIL: "a@b",
  SHELL: "/bin/sh",
};
let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "qd-launchers-"));
  const project = join(folder, "project");
  mkdirSync(project);
  writeFileSync(
    join(folder, "outside.js"),
    `require("fs").writeFileSync(${JSON.stringify(join(folder, "proof"))}, "")`,
  );
  writeFileSync(join(folder, "outside.py"), `open(${JSON.stringify(join(folder, "proof"))}, "w")`);
  writeFileSync(join(folder, "outside.mk"), `all:\n\t@touch ${folder}/proof\n`);
  writeFileSync(join(folder, "launch"), `#!/bin/sh\ntouch ${folder}/proof\nexit 1\n`, { mode: 0o755 });
  writeFileSync(join(project, "a.js"), "//\n");
  writeFileSync(join(project, "Makefile"), "all:\n\t@true\n");
  writeFileSync(join(project, "package.json"), '{ "name": "a", "version": "1.0.0", "scripts": { "x": "node -e 0" } }');
  const git = (...args: string[]) => execFileSync("git", args, { cwd: project, stdio: "ignore" });
  git("init", "-q");
  git("add", "a.js");
  git("-c", "user.name=a", "-c", "user.email=a@b", "commit", "-q", "--allow-empty", "-m", "x");
  execFileSync("tar", ["-cf", "a.tar", "a.js"], { cwd: project });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

// What these do without the rules is tried, so that a rule that nothing needs, or that misses its mark, is noticed.
const calls: [program: string, args: string[]][] = [
  ["git", ["-c", "alias.x=!F/launch", "x"]],
  ["git", ["-c", "Alias.x=!F/launch", "x"]],
  ["git", ["fetch", "--upload-pack=F/launch", "."]],
  ["git", ["fetch", "--upload-pa", "F/launch", "."]],
  ["git", ["-c", "protocol.ext.allow=always", "fetch", "ext::F/launch"]],
  ["git", ["clone", "-u", "F/launch", ".", "copy"]],
  ["git", ["clone", "-qu", "F/launch", ".", "copy"]],
  ["git", ["ls-remote", "--exec=F/launch", "."]],
  ["git", ["push", "--receive-p=F/launch", ".", "HEAD:refs/heads/y"]],
  ["git", ["rebase", "--root", "-x", "F/launch"]],
  ["git", ["grep", "-OF/launch", "-e", "/"]],
  ["node", ["-r", "F/outside.js", "a.js"]],
  ["node", ["--require=F/outside.js", "a.js"]],
  ["node", ["--max-http-header-size", "10000", "-r", "../outside.js", "a.js"]],
  ["node", ["--experimental_loader", "F/outside.js", "a.js"]],
  ["node", ["--", "../outside.js"]],
  ["npm", ["--script-shell=F/launch", "run", "x"]],
  ["npm", ["-script-she", "F/launch", "run", "x"]],
  ["npm", ["-node-options=--require=F/outside.js", "run", "x"]],
  ["npm", ["exec", "-c", "F/launch"]],
  ["npx", ["--cal", "F/launch"]],
  ["make", ["SHELL=F/launch", "all"]],
  ["make", ["-f", "F/outside.mk"]],
  ["make", ["-kfF/outside.mk"]],
  ["make", ["--ev=$(shell F/launch)"]],
  ["make", ["X!=F/launch"]],
  ["python3", ["../outside.py"]],
  ["python3", ["-W", "-c", "F/outside.py"]],
  ["tar", ["-xf", "a.tar", "--checkpoint=1", "--checkpoint-a=exec=F/launch"]],
  ["tar", ["-xf", "a.tar", "--to-comm", "F/launch"]],
  ["tar", ["-cIF/launch", "-f", "b.tar", "a.js"]],
  ["tar", ["cfI", "b.tar", "F/launch", "a.js"]],
  ["find", [".", "-name", "a.js", "-exec", "F/launch", ";"]],
];
const isHere = (program: string) => findProgram(program, searchPath(process.env["PATH"])) !== undefined;

it.each(calls.filter(([program]) => isHere(program)))(
  "[S3] %s %j would start something else, and is refused",
  (program, words) => {
    const args = words.map((word) => word.replaceAll("F/", `${folder}/`));
    const cwd = join(folder, "project");
    try {
      execFileSync(program, args, { cwd, stdio: "ignore", env: { ...process.env, ...needed } });
    } catch {
      // What it started was not what it expected: whether it was started is what counts.
    }
    expect(existsSync(join(folder, "proof"))).toBe(true);
    expect(checkProgram({ program, args }, ["tar", "find"])).toMatchObject({ error: { code: "ARGUMENT_NOT_ALLOWED" } });
  },
);
