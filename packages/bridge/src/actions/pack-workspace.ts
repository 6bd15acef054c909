// Also the text of a program: the workspace's user packs, in the sandbox (see workspace-archive.ts). So it imports nothing but Node's
// own modules.
import { spawn } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, openSync, writeSync } from "node:fs";

export interface PackedProject {
  readonly projectId: string;
  /** Its name in the file. */
  readonly file: string;
  readonly sizeBytes: number;
  /** Hexadecimal. */
  readonly sha256: string;
}

export interface PackedWorkspace {
  readonly v: 1;
  readonly workspaceId: string;
  readonly runId: string;
  readonly projects: readonly PackedProject[];
}

/** What is to be packed, in few words: it comes as one argument. */
export interface Packing {
  /** The program with its arguments that writes a directory's archive to its standard output. */
  readonly command: readonly string[];
  /** Where the projects' directories are. */
  readonly folder: string;
  /** What the name of each project's archive ends in. */
  readonly extension: string;
  readonly projectIds: readonly string[];
}

/** In an archive of a workspace, behind its projects. */
export const manifestName = "manifest.json";

const blockBytes = 512;

/**
 * Writes the archives of projects into one plain tar (POSIX.1-1988), and behind them a manifest with their checksums. Each goes in as it
 * is made, so that nothing needs room twice; its header, which says its size, is written over the room that was left for it.
 *
 * @throws when one could not be packed; what was written until then is the caller's to remove
 */
export async function packWorkspace(
  file: string,
  ids: Pick<PackedWorkspace, "workspaceId" | "runId">,
  { command, folder, extension, projectIds }: Packing,
): Promise<void> {
  const descriptor = openSync(file, "wx", 0o600);
  try {
    let at = 0;
    const packed: PackedProject[] = [];
    for (const projectId of projectIds) {
      const name = `${projectId}${extension}`;
      const call = [...command, `--directory=${folder}/${projectId}`, "."];
      const { sizeBytes, sha256 } = await writeOutput(descriptor, at + blockBytes, call);
      writeAll(descriptor, tarHeader(name, sizeBytes), at);
      at += blockBytes + padded(sizeBytes);
      packed.push({ projectId, file: name, sizeBytes, sha256 });
      console.log(`${projectId}: ${sizeBytes} bytes, SHA-256 ${sha256}`);
    }
    const manifest: PackedWorkspace = { v: 1, ...ids, projects: packed };
    const text = Buffer.from(`${JSON.stringify(manifest, undefined, 2)}\n`);
    writeAll(descriptor, tarHeader(manifestName, text.length), at);
    writeAll(descriptor, text, at + blockBytes);
    at += blockBytes + padded(text.length);
    writeAll(descriptor, Buffer.alloc(2 * blockBytes), at);
  } finally {
    closeSync(descriptor);
  }
}

async function writeOutput(
  descriptor: number,
  at: number,
  [program = "", ...args]: readonly string[],
): Promise<{ sizeBytes: number; sha256: string }> {
  const child = spawn(program, args, { stdio: ["ignore", "pipe", "inherit"] });
  const ended = new Promise<string | null>((resolve) => {
    child.once("error", (error) => resolve(error.message));
    child.once("close", (code) => resolve(code === 0 ? null : `${program} ended with ${code ?? "a signal"}`));
  });
  const hash = createHash("sha256");
  let sizeBytes = 0;
  try {
    for await (const chunk of child.stdout as AsyncIterable<Buffer>) {
      hash.update(chunk);
      writeAll(descriptor, chunk, at + sizeBytes);
      sizeBytes += chunk.length;
    }
  } catch (error) {
    child.kill("SIGKILL");
    throw error;
  }
  const problem = await ended;
  if (problem !== null) throw new Error(problem);
  writeAll(descriptor, Buffer.alloc(padded(sizeBytes) - sizeBytes), at + sizeBytes);
  return { sizeBytes, sha256: hash.digest("hex") };
}

function writeAll(descriptor: number, bytes: Buffer, at: number): void {
  for (let written = 0; written < bytes.length; )
    written += writeSync(descriptor, bytes, written, bytes.length - written, at + written);
}

function padded(bytes: number): number {
  return Math.ceil(bytes / blockBytes) * blockBytes;
}

/** The header of a plain file (POSIX.1-1988). */
export function tarHeader(name: string, sizeBytes: number): Buffer {
  const block = Buffer.alloc(blockBytes);
  const octal = (value: number, at: number, length: number) =>
    block.write(`${value.toString(8).padStart(length - 1, "0")}\0`, at, "latin1");
  block.write(name, 0, 100, "latin1");
  octal(0o644, 100, 8);
  octal(0, 108, 8);
  octal(0, 116, 8);
  // Eleven octal digits are 8 GiB; what is larger is a number of base 256, as GNU tar writes it.
  if (sizeBytes < 8 ** 11) octal(sizeBytes, 124, 12);
  else {
    block[124] = 0x80;
    block.writeUIntBE(sizeBytes, 130, 6);
  }
  octal(Math.floor(Date.now() / 1000), 136, 12);
  block.write("        ", 148, "latin1");
  block.write("0", 156, "latin1");
  block.write("ustar\0", 257, "latin1");
  block.write("00", 263, "latin1");
  const sum = block.reduce((total, byte) => total + byte, 0);
  block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return block;
}
