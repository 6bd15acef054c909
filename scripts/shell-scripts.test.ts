import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { repositoryRoot, runCommand } from "./run-command.ts";

const tracked = execFileSync("git", ["ls-files", "-co", "--exclude-standard"], {
  cwd: repositoryRoot,
  encoding: "utf8",
});
const scripts = tracked
  .split("\n")
  .filter((path) => path !== "" && !/\.[a-z0-9]+$/i.test(path.replace(/\.sh$/, "")))
  .filter((path) => /^#!(\/bin\/sh|\/usr\/bin\/env bash)\n/.test(readFileSync(join(repositoryRoot, path), "utf8")));

test("the installer and the tools of the test server are among the shell scripts", () => {
  expect(scripts).toEqual(
    expect.arrayContaining(["packages/bridge/install/install.sh", "e2e/vps/start", "bin/quarterdeck", ".ci/run"]),
  );
});

test.each(scripts)("shellcheck finds nothing in %s", async (path) => {
  expect(await runCommand(["shellcheck", "--", path])).toEqual({ exitCode: 0, output: "" });
});
