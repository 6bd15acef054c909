import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { gzipSync } from "node:zlib";
import { unpackArchive } from "../../../packages/bridge/src/actions/unpack-archive.ts";
import { mustHold, type FuzzTarget } from "../fuzz-target.ts";

const folder = mkdtempSync(join(tmpdir(), "quarterdeck-fuzz-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const [archive, project, canary] = ["archive.tar.gz", "project", "canary"].map((name) => join(folder, name)) as [
  string,
  string,
  string,
];
const limits = { maxBytes: 64 * 1024, maxEntries: 20 };
const block = 512;
writeFileSync(canary, "untouched");

/** Whoever makes an archive makes its checksums right, so none of them is what refuses it. */
function withChecksums(tar: Buffer): Buffer {
  for (let at = 0; at + block <= tar.length; ) {
    const header = tar.subarray(at, at + block);
    at += block;
    if (header.every((byte) => byte === 0)) continue;
    header.fill(" ", 148, 156);
    const sum = header.reduce((total, byte) => total + byte, 0);
    header.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
    const size = Number.parseInt(header.toString("latin1", 124, 135), 8);
    const hasContent = "0LK\0".includes(header.toString("latin1", 156, 157));
    if (hasContent && size > 0) at += Math.ceil(size / block) * block;
  }
  return tar;
}

/** Everything below a directory, links not followed. Names are bytes. */
function namesBelow(directory: Buffer): Buffer[] {
  return readdirSync(directory, { encoding: "buffer" }).flatMap((name) => {
    const path = Buffer.concat([directory, Buffer.from("/"), name]);
    return [path, ...(lstatSync(path).isDirectory() ? namesBelow(path) : [])];
  });
}

async function unpack(text: string): Promise<boolean> {
  rmSync(project, { recursive: true, force: true });
  mkdirSync(project);
  writeFileSync(archive, gzipSync(withChecksums(Buffer.from(text, "latin1")), { level: 1 }));
  try {
    await unpackArchive(archive, project, limits);
    return true;
  } catch (error) {
    mustHold(error instanceof Error && !(error instanceof TypeError), `an archive is refused with ${String(error)}`);
    return false;
  }
}

/** An archive of a project that anybody may have made: what is unpacked stays in its folder, and no link leads out of it. */
export const projectArchive: FuzzTarget = {
  name: "project-archive",
  grammar: "text",
  shapes: [{ name: "project-archive", isOne: unpack }],
  async check(text) {
    await unpack(text);
    mustHold(readFileSync(canary, "utf8") === "untouched", "an archive wrote to a file beside its project");
    mustHold(readdirSync(folder).length === 3, "an archive made a file beside its project");
    const paths = namesBelow(Buffer.from(project));
    let bytes = 0;
    for (const path of paths) {
      const found = lstatSync(path);
      mustHold(found.isFile() || found.isDirectory() || found.isSymbolicLink(), "an archive made something special");
      if (found.isFile()) bytes += found.size;
      if (!found.isSymbolicLink()) continue;
      const target = readlinkSync(path, { encoding: "buffer" }).toString("latin1");
      const leadsTo = resolve(dirname(path.toString("latin1")), target);
      mustHold(`${leadsTo}/`.startsWith(`${project}/`), `a link leads out of the project, to ${leadsTo}`);
    }
    mustHold(bytes <= limits.maxBytes, "an archive gave more than it may");
  },
};
