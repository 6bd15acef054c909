import { EventEmitter } from "node:events";
import { constants as realConstants } from "node:fs";
import { DiskError, newDirectory, type DirectoryNode, type FileNode, type Node } from "../world/disk.ts";
import { written } from "../world/file-bytes.ts";
import { requireProcess } from "../world/sim-process.ts";

// `node:fs` on the disk of the machine that the calling process runs on.

export const constants = realConstants;

interface Opened {
  readonly node: Node;
  readonly path: string;
  readonly appends: boolean;
  position: number;
}

const opened = new Map<number, Opened>();
let nextDescriptor = 1000;

interface Watcher {
  readonly path: string;
  readonly tell: (name: string) => void;
}
const watchers = new WeakMap<object, Set<Watcher>>();

function here() {
  return requireProcess().machine.disk;
}

/** A step after which the machine's disk may hold something else. */
function durableStep(): void {
  requireProcess().step();
}

function nowMs(): number {
  return requireProcess().machine.wallMs;
}

function changed(path: string): void {
  const { machine } = requireProcess();
  const at = path.lastIndexOf("/");
  const [folder, name] = [path.slice(0, at), path.slice(at + 1)];
  for (const watcher of watchers.get(machine) ?? []) if (watcher.path === folder) watcher.tell(name);
}

/** What a file or directory takes beside its bytes. */
const entryBytes = 256;

/** What the kernel says about the machine, where shipped code asks. */
const kernelFiles: Record<string, string> = {
  "/proc/stat": "cpu  100 0 100 1000 0 0 0 0 0 0\ncpu0 50 0 50 500\ncpu1 50 0 50 500\nintr 1\n",
  "/proc/net/dev": "head\nhead\n eth0: 10 1 0 0 0 0 0 0 20 1\n",
  "/proc/loadavg": "0.10 0.10 0.10 1/100 100\n",
  "/etc/os-release": 'PRETTY_NAME="Simulated"\n',
};

function kernelFile(path: string): string | undefined {
  const { memoryKb, world } = requireProcess().machine;
  if (path === "/proc/uptime") return `${world.timeline.nowMs / 1000} 0\n`;
  if (path !== "/proc/meminfo") return kernelFiles[path];
  return `MemTotal: ${memoryKb} kB\nMemFree: 1 kB\nMemAvailable: ${memoryKb / 2} kB\n`;
}

export function existsSync(path: string): boolean {
  return here().find(path) !== undefined;
}

export function accessSync(path: string): void {
  here().require(path);
}

interface Stats {
  readonly size: number;
  readonly mtimeMs: number;
  readonly mtime: Date;
  isFile(): boolean;
  isDirectory(): boolean;
  isSymbolicLink(): boolean;
}

function statsOf(node: Node): Stats {
  return {
    size: node.kind === "file" ? node.bytes.length : 0,
    mtimeMs: node.mtimeMs,
    mtime: new Date(node.mtimeMs),
    isFile: () => node.kind === "file",
    isDirectory: () => node.kind === "directory",
    isSymbolicLink: () => false,
  };
}

export function statSync(path: string, options: { throwIfNoEntry?: boolean } = {}): Stats | undefined {
  const node = options.throwIfNoEntry === false ? here().find(path) : here().require(path);
  return node && statsOf(node);
}

export function lstatSync(path: string): Stats | undefined {
  return statSync(path);
}

export function realpathSync(path: string): string {
  here().require(path);
  return path;
}

export function mkdirSync(path: string, options: { recursive?: boolean } = {}): void {
  const disk = here();
  if (options.recursive) {
    let at = "";
    for (const part of path.split("/").slice(1)) {
      at += `/${part}`;
      if (!disk.find(at)) mkdirSync(at);
    }
    disk.directory(path);
    return;
  }
  const { directory, name } = disk.parent(path);
  if (directory.entries.has(name)) throw new DiskError("EEXIST", path);
  disk.take(entryBytes, path);
  durableStep();
  directory.entries.set(name, newDirectory(nowMs()));
}

export function readdirSync(path: string, options?: { withFileTypes?: boolean }): unknown[] {
  const { entries } = here().directory(path);
  if (!options?.withFileTypes) return [...entries.keys()];
  return [...entries].map(([name, node]) => ({ name, ...statsOf(node) }));
}

export function openSync(path: string, flags: string | number = "r"): number {
  const disk = here();
  const text = typeof flags === "number" ? "r" : flags;
  let node = disk.find(path);
  if (text.startsWith("w") || text.startsWith("a")) {
    if (node && text.includes("x")) throw new DiskError("EEXIST", path);
    if (!node) {
      disk.take(entryBytes, path);
      const { directory, name } = disk.parent(path);
      durableStep();
      node = { kind: "file", bytes: Buffer.alloc(0), durable: Buffer.alloc(0), mtimeMs: nowMs() };
      directory.entries.set(name, node);
      changed(path);
    } else if (text.startsWith("w") && node.kind === "file") {
      durableStep();
      node.bytes = Buffer.alloc(0);
    }
  }
  if (!node) throw new DiskError("ENOENT", path);
  const descriptor = nextDescriptor++;
  opened.set(descriptor, { node, path, appends: text.startsWith("a"), position: 0 });
  return descriptor;
}

function openedFile(descriptor: number): Opened & { readonly node: FileNode } {
  const file = opened.get(descriptor);
  if (!file || file.node.kind !== "file") throw new DiskError("EBADF", String(descriptor));
  return file as Opened & { readonly node: FileNode };
}

export function closeSync(descriptor: number): void {
  requireProcess();
  opened.delete(descriptor);
}

export function fstatSync(descriptor: number): Stats {
  const file = opened.get(descriptor);
  if (!file) throw new DiskError("EBADF", String(descriptor));
  return statsOf(file.node);
}

export function writeSync(descriptor: number, data: Uint8Array, offset = 0, length = data.length - offset): number {
  const file = openedFile(descriptor);
  const { node } = file;
  const at = file.appends ? node.bytes.length : file.position;
  const piece = data.subarray(offset, offset + length);
  here().take(Math.max(0, at + length - node.bytes.length), file.path);
  durableStep();
  node.bytes = written(node.bytes, at, piece);
  node.mtimeMs = nowMs();
  file.position = at + length;
  changed(file.path);
  return length;
}

export function readSync(
  descriptor: number,
  buffer: Uint8Array,
  offset = 0,
  length = buffer.length - offset,
  position: number | null = null,
): number {
  requireProcess();
  const file = openedFile(descriptor);
  const at = position ?? file.position;
  const piece = file.node.bytes.subarray(at, at + length);
  buffer.set(piece, offset);
  if (position === null) file.position += piece.length;
  return piece.length;
}

export function fsyncSync(descriptor: number): void {
  const file = opened.get(descriptor);
  if (!file) throw new DiskError("EBADF", String(descriptor));
  durableStep();
  here().synchronize(file.node);
  durableStep();
}

export function renameSync(from: string, to: string): void {
  const disk = here();
  const source = disk.parent(from);
  const target = disk.parent(to);
  const node = disk.require(from);
  durableStep();
  source.directory.entries.delete(source.name);
  target.directory.entries.set(target.name, node);
  durableStep();
  changed(to);
}

export function rmSync(path: string, options: { force?: boolean; recursive?: boolean } = {}): void {
  const disk = here();
  if (!disk.find(path)) {
    if (options.force) return;
    throw new DiskError("ENOENT", path);
  }
  const { directory, name } = disk.parent(path);
  durableStep();
  disk.freeBytes += sizeOf(disk.require(path));
  directory.entries.delete(name);
  changed(path);
}

function sizeOf(node: Node): number {
  if (node.kind === "file") return node.bytes.length + entryBytes;
  return [...node.entries.values()].reduce((sum, entry) => sum + sizeOf(entry), entryBytes);
}

function cut(node: FileNode, length: number): void {
  const disk = here();
  durableStep();
  disk.freeBytes += Math.max(0, node.bytes.length - length);
  node.bytes = node.bytes.subarray(0, length);
}

export function truncateSync(path: string, length: number): void {
  cut(here().file(path), length);
}

export function ftruncateSync(descriptor: number, length = 0): void {
  cut(openedFile(descriptor).node, length);
}

export function readFileSync(path: string, encoding?: string | { encoding?: string }): string | Buffer {
  requireProcess();
  const kernel = kernelFile(path);
  const bytes = kernel === undefined ? here().file(path).bytes : Buffer.from(kernel);
  const name = typeof encoding === "string" ? encoding : encoding?.encoding;
  return name === undefined ? Buffer.from(bytes) : bytes.toString(name as BufferEncoding);
}

export function writeFileSync(path: string, data: string | Uint8Array): void {
  const descriptor = openSync(path, "w");
  try {
    const bytes = typeof data === "string" ? Buffer.from(data) : data;
    if (bytes.length > 0) writeSync(descriptor, bytes);
  } finally {
    opened.delete(descriptor);
  }
}

export function statfsSync(): { blocks: number; bfree: number; bavail: number; bsize: number } {
  const bsize = 4096;
  const free = Math.floor(here().freeBytes / bsize);
  return { blocks: 1_000_000, bfree: free, bavail: free, bsize };
}

/** Tells of changes in a directory a moment later, as the kernel does. */
export function watch(path: string, listener: (event: string, name: string) => void): EventEmitter & { close(): void } {
  const process = requireProcess();
  const { machine } = process;
  const all = watchers.get(machine) ?? new Set<Watcher>();
  watchers.set(machine, all);
  const waiting = new Set<string>();
  const watcher: Watcher = {
    path,
    tell(name) {
      if (waiting.has(name)) return;
      waiting.add(name);
      process.after(1, () => {
        waiting.delete(name);
        if (all.has(watcher)) listener("change", name);
      });
    },
  };
  all.add(watcher);
  process.onEnd(() => all.delete(watcher));
  return Object.assign(new EventEmitter(), { close: () => void all.delete(watcher) });
}

/** Nobody on these machines changes what is watched so. */
export function watchFile(): void {}

export function unwatchFile(): void {}

/** Only for setting up a machine: makes a file with its directories. */
export function plantFile(root: DirectoryNode, path: string, text: string): void {
  const parts = path.split("/").slice(1);
  let directory = root;
  for (const part of parts.slice(0, -1)) {
    let next = directory.entries.get(part);
    if (next?.kind !== "directory") directory.entries.set(part, (next = newDirectory(0)));
    directory.durable.set(part, next);
    directory = next;
  }
  const bytes = Buffer.from(text);
  const name = parts.at(-1) ?? "";
  const file: FileNode = { kind: "file", bytes, durable: bytes, mtimeMs: 0 };
  directory.entries.set(name, file);
  directory.durable.set(name, file);
}

// Simulated files belong to everybody.
export function chmodSync(path: string): void {
  here().require(path);
}
export function chownSync(path: string): void {
  here().require(path);
}
export function rmdirSync(path: string): void {
  rmSync(path, { recursive: true });
}

export function readlinkSync(path: string): never {
  throw new DiskError("EINVAL", path);
}

export function mkdtempSync(prefix: string): string {
  const path = `${prefix}${nextDescriptor++}`;
  mkdirSync(path);
  return path;
}

export function createReadStream(path: string): never {
  throw new Error(`${path}: simulated bridges archive nothing`);
}

export function fchmodSync(descriptor: number): never {
  throw new Error(`${descriptor}: simulated bridges archive nothing`);
}

export function fchownSync(descriptor: number): never {
  throw new Error(`${descriptor}: simulated bridges archive nothing`);
}

export function symlinkSync(_target: unknown, path: string): never {
  throw new Error(`${path}: simulated bridges archive nothing`);
}

export function utimesSync(path: string): never {
  throw new Error(`${path}: simulated bridges archive nothing`);
}

export function futimesSync(descriptor: number): never {
  throw new Error(`${descriptor}: simulated bridges archive nothing`);
}
