import { execFileSync } from "node:child_process";
import { join } from "node:path";
import { buildBridge } from "../rig/packaged-bridge.ts";
import { compare, type Row } from "../row.ts";

const tarball = join(import.meta.dirname, "../../../packages/bridge/dist/quarterdeck-bridge.tgz");
const barBytes = 3_000_000;

/** What somebody who installs the bridge gets on the disk. */
export async function measurePackage(): Promise<Row[]> {
  buildBridge();
  const listed = execFileSync("tar", ["-tvzf", tarball], { encoding: "utf8" }).trim().split("\n");
  const bytes = listed.reduce((sum, line) => sum + Number(line.split(/\s+/)[2]), 0);
  const manifest = JSON.parse(
    execFileSync("tar", ["-xzOf", tarball, "package/package.json"], { encoding: "utf8" }),
  ) as Record<string, unknown>;
  if ("scripts" in manifest || "dependencies" in manifest) throw new Error("the package has scripts or dependencies");
  return [
    compare({
      what: "the published package, unpacked, with its dependencies",
      ours: bytes,
      peer: barBytes,
      peerName: "the bar itself",
      unit: "bytes",
      bar: 1,
      direction: "at most",
      config: { files: listed.length, installScripts: false },
    }),
  ];
}
