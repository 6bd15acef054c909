import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { repositoryRoot } from "./quarterdeck.ts";

const built = join(repositoryRoot, "packages/bridge/dist/quarterdeck-bridge.tgz");

/**
 * Packs the built bridge under another number, with a change to its program.
 *
 * @returns the path of the package; what the build writes beside it is there too
 */
export function packBridge(
  folder: string,
  version: string,
  change: (program: string) => string = (same) => same,
): string {
  execFileSync("tar", ["-xzf", built, "-C", folder]);
  const manifest = JSON.parse(readFileSync(`${built}.json`, "utf8")) as { version: string };
  const names = execFileSync("tar", ["-tzf", built], { encoding: "utf8" }).trim().split("\n");
  for (const name of names.filter((each) => /\.m?js(on)?$/.test(each))) {
    const path = join(folder, name);
    const text = readFileSync(path, "utf8").replaceAll(`"${manifest.version}"`, `"${version}"`);
    writeFileSync(path, name.endsWith("cli.mjs") ? change(text) : text);
  }
  const tarball = join(folder, "quarterdeck-bridge.tgz");
  execFileSync("tar", ["--format=ustar", "-czf", tarball, "-C", folder, ...names]);
  const bytes = readFileSync(tarball);
  const sha256 = createHash("sha256").update(bytes).digest("base64url");
  writeFileSync(`${tarball}.json`, JSON.stringify({ ...manifest, version, sha256, sizeBytes: bytes.length }));
  return tarball;
}
