import { closeSync, constants, fsyncSync, ftruncateSync, openSync, renameSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { runFileMode } from "./data-directory.ts";

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
  flags: "w" | "wx" | "r+",
  { text, durability, mode = 0o600 }: { text: string | Uint8Array; durability: Durability; mode?: number },
): void {
  const descriptor = openSync(path, flags, mode);
  try {
    const bytes = typeof text === "string" ? Buffer.from(text) : text;
    for (let written = 0; written < bytes.length; ) written += writeSync(descriptor, bytes, written);
    ftruncateSync(descriptor, bytes.length);
    if (durability === "durable") fsyncSync(descriptor);
  } finally {
    closeSync(descriptor);
  }
}

function replace(path: string, text: string | Uint8Array, durability: Durability): void {
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
export function writeWhole(path: string, text: string | Uint8Array): void {
  replace(path, text, "volatile");
}

/** Creates a file of a run durably. Answers `false`, and changes nothing, when it is already there. */
export function createExclusively(path: string, text: string): boolean {
  try {
    writeAll(path, "wx", { text, durability: "durable", mode: runFileMode });
    fsyncDirectory(dirname(path));
    return true;
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "EEXIST") return false;
    rmSync(path, { force: true }); // Half of it would say that it is there.
    throw error;
  }
}

/** Room on the disk for a file of a run that must be written later, however full the disk is then. */
export class ReservedFile {
  readonly #path: string;
  readonly #unfinished: string;

  /** Takes the room. Throws when there is none. */
  constructor(path: string, bytes: number) {
    this.#path = path;
    this.#unfinished = `${path}.${process.pid}.tmp`;
    try {
      writeAll(this.#unfinished, "w", { text: "\0".repeat(bytes), durability: "volatile", mode: runFileMode });
    } catch (error) {
      this.release();
      throw error;
    }
  }

  release(): void {
    rmSync(this.#unfinished, { force: true });
  }

  /** Writes the file so that after a crash it is there whole or not at all. */
  write(text: string): void {
    writeAll(this.#unfinished, "r+", { text, durability: "durable" });
    renameSync(this.#unfinished, this.#path);
    fsyncDirectory(dirname(this.#path));
  }
}
