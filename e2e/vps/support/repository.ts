import { execFileSync } from "node:child_process";
import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";

const test = `
const assert = require("node:assert");
const { test } = require("node:test");
test("adds", () => assert.equal(require("./add.js")(1, 2), 3));
test("the project can be written, and nothing of the bridge be read", () => {
  const { writeFileSync, readFileSync } = require("node:fs");
  writeFileSync("written", "yes");
  assert.throws(() => readFileSync("/var/lib/quarterdeck-bridge/identity.json"));
});
`;

/** Makes `sample.git` below `served`: a small project whose tests need nothing but Node. */
export function makeRepository(served: string, work: string): string {
  const folder = join(work, "sample");
  mkdirSync(folder);
  writeFileSync(join(folder, "add.js"), "module.exports = (a, b) => a + b;\n");
  writeFileSync(join(folder, "sample.test.js"), test);
  const git = (...args: string[]) =>
    execFileSync(
      "git",
      ["-c", "user.name=Ada", "-c", "user.email=ada@example.org", "-c", "safe.directory=*", ...args],
      {
        cwd: folder,
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
  git("init", "-q", "-b", "main");
  git("add", "-A");
  git("commit", "-q", "-m", "Add");
  git("clone", "-q", "--bare", folder, join(served, "sample.git"));
  return "sample.git";
}
