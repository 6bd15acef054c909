import { createHash } from "node:crypto";
import { createReadStream, createWriteStream } from "node:fs";
import { mkdir, rename, rm, stat } from "node:fs/promises";
import { join } from "node:path";
import { pipeline } from "node:stream/promises";
import { createGzip } from "node:zlib";
import { nullIfMissing } from "../null-if-missing.ts";

/** A program that servers without Node get, as the manifest describes it. */
export interface NodeBinary {
  /** Like `linux-x64`. */
  readonly target: string;
  readonly version: string;
  /** Of the program itself, in hexadecimal: `sha256sum` on the server says the same. */
  readonly sha256: string;
  readonly sizeBytes: number;
}

/** The Node that this process runs on, offered to servers of the same architecture. */
export class OfferedNode {
  readonly #path: string;
  readonly #cacheDir: string;
  #binary: Promise<NodeBinary> | undefined;
  #compressed: Promise<string> | undefined;

  constructor(path: string, cacheDir: string) {
    this.#path = path;
    this.#cacheDir = cacheDir;
  }

  /** @returns null where this Node needs libraries of this machine, as some distributions build it */
  static ofThisProcess(cacheDir: string): OfferedNode | null {
    const isShared = Object.entries(process.config.variables).some(
      ([name, value]) => name.startsWith("node_shared") && value === true,
    );
    return isShared || process.platform !== "linux" ? null : new OfferedNode(process.execPath, cacheDir);
  }

  /** Read once: the file is large and does not change under a running process. */
  describe(): Promise<NodeBinary> {
    return (this.#binary ??= this.#describe());
  }

  /** The path of the program in gzip: made once, whoever asks. */
  async compressed(): Promise<string> {
    const made = (this.#compressed ??= this.#compress());
    try {
      return await made;
    } catch (error) {
      this.#compressed = undefined; // A disk that was full need not stay so.
      throw error;
    }
  }

  async #describe(): Promise<NodeBinary> {
    const hash = createHash("sha256");
    await pipeline(createReadStream(this.#path), hash);
    const { size } = await stat(this.#path);
    const target = `${process.platform}-${process.arch}`;
    return { target, version: process.versions.node, sha256: hash.digest("hex"), sizeBytes: size };
  }

  async #compress(): Promise<string> {
    const { sha256 } = await this.describe();
    const path = join(this.#cacheDir, `node-${sha256}.gz`);
    if ((await stat(path).catch(nullIfMissing)) !== null) return path;
    await mkdir(this.#cacheDir, { recursive: true, mode: 0o700 });
    const unfinished = `${path}.${process.pid}`;
    try {
      await pipeline(createReadStream(this.#path), createGzip(), createWriteStream(unfinished, { mode: 0o600 }));
      await rename(unfinished, path);
    } catch (error) {
      await rm(unfinished, { force: true });
      throw error;
    }
    return path;
  }
}
