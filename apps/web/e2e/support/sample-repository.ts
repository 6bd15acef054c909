import { execFileSync } from "node:child_process";
import { cpSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";

/** A git repository made from a real package that ships its tests, and a bare copy of it that a server serves. */
export interface SampleRepository {
  readonly name: string;
  /** Changes files in a commit of its own and publishes it. */
  commit(message: string, change: (folder: string) => void): void;
}

const require = createRequire(import.meta.url);

/** Makes `minimist.git` below `served`, from the package minimist as it came from the registry. */
export function makeSampleRepository(served: string, work: string): SampleRepository {
  const source = dirname(require.resolve("minimist/package.json"));
  const folder = join(work, "minimist");
  mkdirSync(folder, { recursive: true });
  for (const part of ["index.js", "test", "LICENSE"])
    cpSync(join(source, part), join(folder, part), { recursive: true });
  const original = JSON.parse(readFileSync(join(source, "package.json"), "utf8")) as {
    version: string;
    devDependencies: { tape: string };
  };
  // Its own tests with its own test runner; what it needs only for publishing and linting stays out.
  writeFileSync(
    join(folder, "package.json"),
    JSON.stringify({
      name: "minimist",
      version: original.version,
      main: "index.js",
      scripts: { test: "tape 'test/**/*.js'" },
      devDependencies: { tape: original.devDependencies.tape },
    }),
  );
  writeFileSync(join(folder, ".gitignore"), "node_modules\npackage-lock.json\n");
  const git = (...args: string[]) =>
    execFileSync(
      "git",
      ["-c", "user.name=Ada Example", "-c", "user.email=ada@example.org", "-c", "safe.directory=*", ...args],
      {
        cwd: folder,
        stdio: ["ignore", "pipe", "pipe"],
      },
    );
  git("init", "-q", "-b", "main");
  git("add", "-A");
  git("commit", "-q", "-m", "Import minimist");
  const bare = join(served, "minimist.git");
  git("clone", "-q", "--bare", folder, bare);
  git("remote", "add", "origin", bare);
  return {
    name: "minimist.git",
    commit(message, change) {
      change(folder);
      git("add", "-A");
      git("commit", "-q", "-m", message);
      git("push", "-q", "origin", "main");
    },
  };
}
