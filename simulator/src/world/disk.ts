import type { Random } from "./random.ts";

export interface FileNode {
  readonly kind: "file";
  bytes: Buffer;
  /** What a power loss leaves. */
  durable: Buffer;
  mtimeMs: number;
  /** What a substitute keeps in a file besides bytes: a database. */
  attached?: unknown;
}

export interface DirectoryNode {
  readonly kind: "directory";
  entries: Map<string, Node>;
  /** What a power loss leaves. */
  durable: Map<string, Node>;
  mtimeMs: number;
}

export type Node = FileNode | DirectoryNode;

export class DiskError extends Error {
  override readonly name = "Error";
  readonly code: string;

  constructor(code: string, path: string) {
    super(`${code}: ${path}`);
    this.code = code;
  }
}

export function newDirectory(mtimeMs: number): DirectoryNode {
  return { kind: "directory", entries: new Map(), durable: new Map(), mtimeMs };
}

export const roomBytes = 2 ** 30;
/** With less, something that the bridge or a wrapper writes does not fit. */
const scarceBytes = 64 * 1024;

/**
 * A file system as a program may rely on it and no better: a file's bytes survive a power loss when it was synchronized,
 * and its name when its directory was. Each of those that were not may survive all the same.
 */
export class Disk {
  readonly root = newDirectory(0);
  readonly #random: Random;
  /** Bytes that may still be written. */
  freeBytes = roomBytes;
  /** Synchronizing fails while this is set. */
  failsToSync = false;

  constructor(random: Random) {
    this.#random = random;
  }

  /** Whether it is full, or fails. */
  get isAiling(): boolean {
    return this.failsToSync || this.freeBytes < scarceBytes;
  }

  /** Takes room for what is written. */
  take(bytes: number, path: string): void {
    if (bytes > this.freeBytes) throw new DiskError("ENOSPC", path);
    this.freeBytes -= bytes;
  }

  find(path: string): Node | undefined {
    let node: Node | undefined = this.root;
    for (const part of path.split("/")) {
      if (part === "") continue;
      if (node?.kind !== "directory") return undefined;
      node = node.entries.get(part);
    }
    return node;
  }

  require(path: string): Node {
    const node = this.find(path);
    if (!node) throw new DiskError("ENOENT", path);
    return node;
  }

  directory(path: string): DirectoryNode {
    const node = this.require(path);
    if (node.kind !== "directory") throw new DiskError("ENOTDIR", path);
    return node;
  }

  file(path: string): FileNode {
    const node = this.require(path);
    if (node.kind !== "file") throw new DiskError("EISDIR", path);
    return node;
  }

  /** The directory that holds a path's last part, and that part. */
  parent(path: string): { directory: DirectoryNode; name: string } {
    const at = path.lastIndexOf("/");
    return { directory: this.directory(path.slice(0, at)), name: path.slice(at + 1) };
  }

  synchronize(node: Node): void {
    if (this.failsToSync) throw new DiskError("EIO", "fsync");
    if (node.kind === "file") node.durable = node.bytes;
    else node.durable = new Map(node.entries);
  }

  losePower(): void {
    this.#revert(this.root);
  }

  #revert(directory: DirectoryNode): void {
    const names = new Set([...directory.entries.keys(), ...directory.durable.keys()]);
    const survivors = new Map<string, Node>();
    for (const name of names) {
      const [now, before] = [directory.entries.get(name), directory.durable.get(name)];
      // A change of a name that nobody synchronized may have reached the disk or not.
      const node = now === before || this.#random.chance(0.5) ? now : before;
      if (node) survivors.set(name, node);
    }
    directory.entries = survivors;
    directory.durable = new Map(survivors);
    for (const node of survivors.values()) {
      if (node.kind === "directory") this.#revert(node);
      else if (node.bytes !== node.durable) {
        // Of bytes that were appended, any part may have got there.
        const most = node.bytes.length;
        const isAppended =
          most > node.durable.length && node.bytes.subarray(0, node.durable.length).equals(node.durable);
        const kept = isAppended ? this.#random.between(node.durable.length, most) : 0;
        node.bytes = isAppended ? node.bytes.subarray(0, kept) : this.#random.chance(0.5) ? node.bytes : node.durable;
        node.durable = node.bytes;
      }
    }
  }
}
