import { closeSync, constants, fsyncSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";

export function fsyncDirectory(path: string): void {
  const descriptor = openSync(path, constants.O_RDONLY | constants.O_DIRECTORY);
  try {
    fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

type Durability = "durable" | "volatile";

function writeAll(
  path: string,
  flags: "w" | "wx",
  { text, durability }: { text: string; durability: Durability },
): void {
  const descriptor = openSync(path, flags, 0o600);
  try {
    const bytes = Buffer.from(text);
    for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written);
    if (durability === "durable") fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function replace(path: string, text: string, durability: Durability): void {
  const unfinished = `${path}.${process.pid}.tmp`;
  try {
    writeAll(unfinished, "w", { text, durability });
    renameSync(unfinished, path);
  } catch (error) {
    rmSync(unfinished, { force: true });
    throw error;
  }
}

/** Writes a file so that after a crash it is there whole or not at all; only its owner may read it. */
export function writeDurably(path: string, text: string): void {
  replace(path, text, "durable");
  fsyncDirectory(dirname(path));
}

/** Writes a file that other processes see whole or not at all, and that nobody needs after a crash of the machine. */
export function writeWhole(path: string, text: string): void {
  replace(path, text, "volatile");
}

/** Creates a file durably. Answers `false`, and changes nothing, when it is already there. */
export function createExclusively(path: string, text: string): boolean {
  try {
    writeAll(path, "wx", { text, durability: "durable" });
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    throw error;
  }
  fsyncDirectory(dirname(path));
  return true;
}
