// Also the text of a program: the workspace's user unpacks, in the sandbox (see project-restore.ts). So it imports nothing but Node's
// own modules. It unpacks what project-archive.ts packs, GNU tar's format, and trusts none of it.
import { createHash } from "node:crypto";
import {
  closeSync,
  createReadStream,
  fchmodSync,
  futimesSync,
  mkdirSync,
  openSync,
  symlinkSync,
  writeSync,
} from "node:fs";
import { chmodSync, utimesSync } from "node:fs";
import { posix } from "node:path";
import { pipeline } from "node:stream/promises";
import zlib from "node:zlib"; // An older Node has no zstd.

export interface UnpackLimits {
  readonly maxBytes: number;
  readonly maxEntries: number;
}

export interface Unpacked {
  readonly entries: number;
  readonly bytes: number;
  /** What was not unpacked, and why. */
  readonly leftOut: readonly string[];
}

/** Where an archive is in a file that holds several: its first byte, and the last. */
export interface ArchivePart {
  readonly start: number;
  readonly end: number;
  readonly isZstd: boolean;
  /** Hexadecimal, of these bytes. */
  readonly sha256: string;
}

export interface Header {
  readonly name: string;
  readonly link: string;
  readonly type: string;
  readonly size: number;
  readonly mode: number;
  readonly modifiedAtSeconds: number;
}

const blockBytes = 512;
const mostNameBytes = 4096;

/**
 * Unpacks an archive into an empty directory that nobody else writes in. Names are bytes, so all strings are latin1. Links are made last: no
 * file is ever written through one. A link that leads out is left out; everything else that is no plain part of a project refuses the whole.
 *
 * @throws with what is wrong with it; what was unpacked until then is the caller's to remove
 */
export async function unpackArchive(file: string, directory: string, limits: UnpackLimits): Promise<Unpacked> {
  return unpackStream(createReadStream(file), { isZstd: file.endsWith(".zst"), directory, limits });
}

/**
 * Unpacks each part of a file into a folder of its own, which it makes; together they keep to the limits.
 *
 * @throws also when a part's checksum is another, before anything of it is read as an archive
 */
export async function unpackParts(
  file: string,
  parts: readonly (ArchivePart & { readonly directory: string })[],
  { maxBytes, maxEntries }: UnpackLimits,
): Promise<Unpacked> {
  let all: Unpacked = { entries: 0, bytes: 0, leftOut: [] };
  for (const { directory, start, end, isZstd, sha256 } of parts) {
    const name = posix.basename(directory);
    const hash = createHash("sha256");
    for await (const chunk of createReadStream(file, { start, end })) hash.update(chunk as Buffer);
    if (hash.digest("hex") !== sha256) throw new Error(`the checksum of ${name} is another`);
    mkdirSync(directory, { mode: 0o700 });
    const source = createReadStream(file, { start, end });
    const limits = { maxBytes: maxBytes - all.bytes, maxEntries: maxEntries - all.entries };
    const { entries, bytes, leftOut } = await unpackStream(source, { isZstd, directory, limits });
    all = {
      entries: all.entries + entries,
      bytes: all.bytes + bytes,
      leftOut: [...all.leftOut, ...leftOut.map((line) => `${name}: ${line}`)],
    };
  }
  return all;
}

async function unpackStream(
  packed: NodeJS.ReadableStream,
  { isZstd, directory, limits }: { isZstd: boolean; directory: string; limits: UnpackLimits },
): Promise<Unpacked> {
  const decompress = isZstd ? zlib.createZstdDecompress() : zlib.createGunzip();
  let unpacked: Unpacked | undefined;
  await pipeline(packed, decompress, async (source: AsyncIterable<Buffer>) => {
    unpacked = await unpackEntries(new ByteReader(source), directory, limits);
  });
  if (!unpacked) throw new Error("the archive could not be read");
  return unpacked;
}

async function unpackEntries(reader: ByteReader, directory: string, limits: UnpackLimits): Promise<Unpacked> {
  const at = (path: string) => Buffer.concat([Buffer.from(`${directory}/`), Buffer.from(path, "latin1")]);
  const folders: { path: string; header: Header }[] = [];
  const links: { path: string; target: string }[] = [];
  const leftOut: string[] = [];
  let [entries, bytes] = [0, 0];
  for (let header = await readHeader(reader); header; header = await readHeader(reader)) {
    const path = checkedPath(header.name);
    entries += 1;
    bytes += header.size;
    if (entries > limits.maxEntries) throw new Error(`the archive holds more than ${limits.maxEntries} entries`);
    if (bytes > limits.maxBytes) throw new Error(`the archive unpacks to more than ${limits.maxBytes} bytes`);
    if (header.type === "5") {
      if (path !== "") mkdirSync(at(path), { recursive: true, mode: 0o700 });
      folders.push({ path, header });
    } else if (header.type === "0" || header.type === "\0") {
      mkdirSync(at(posix.dirname(path)), { recursive: true, mode: 0o700 });
      await writeEntry(at(path), header, reader);
    } else if (header.type === "2") links.push({ path, target: header.link });
    else if (header.type === "6") leftOut.push(`left out, a named pipe: ${path}`);
    else throw new Error(`${path} is neither file, directory nor symbolic link`);
  }
  // All folders before the first link: none of them is made through one.
  for (const { path } of links) mkdirSync(at(posix.dirname(path)), { recursive: true, mode: 0o700 });
  for (const { path, target } of links) {
    if (staysInside(path, target)) symlinkSync(Buffer.from(target, "latin1"), at(path));
    else leftOut.push(`left out, a link that leads out of the project: ${path}`);
  }
  for (const { path, header } of folders.toReversed()) {
    chmodSync(at(path), (header.mode & 0o777) | 0o700);
    utimesSync(at(path), header.modifiedAtSeconds, header.modifiedAtSeconds);
  }
  return { entries, bytes, leftOut };
}

async function writeEntry(path: Buffer, header: Header, reader: ByteReader): Promise<void> {
  const descriptor = openSync(path, "wx", 0o600);
  try {
    for await (const chunk of reader.take(header.size))
      for (let written = 0; written < chunk.length; ) written += writeSync(descriptor, chunk, written);
    fchmodSync(descriptor, header.mode & 0o777);
    futimesSync(descriptor, header.modifiedAtSeconds, header.modifiedAtSeconds);
  } finally {
    closeSync(descriptor);
  }
}

/** The path within the project that a name says; the project itself is "". */
function checkedPath(name: string): string {
  const parts = name.split("/");
  if (name.startsWith("/") || parts.includes("..") || name === "" || name.length > mostNameBytes)
    throw new Error(`the archive holds an entry that leads out of it: ${JSON.stringify(name.slice(0, 200))}`);
  return parts.filter((part) => part !== "" && part !== ".").join("/");
}

/**
 * Whether a link leads to something in the project. Its folder is no link, so what climbs first climbs real folders; what goes down
 * from there goes through links that are inside themselves. Climbing after that is not believed.
 */
function staysInside(path: string, target: string): boolean {
  if (target.startsWith("/") || target === "" || target.length > mostNameBytes) return false;
  const parts = target.split("/").filter((part) => part !== "" && part !== ".");
  const down = parts.findIndex((part) => part !== "..");
  const climbs = down < 0 ? parts.length : down;
  return !parts.slice(climbs).includes("..") && climbs <= path.split("/").length - 1;
}

/** The next entry's header, with the long names before it; `undefined` at the end. */
async function readHeader(reader: ByteReader): Promise<Header | undefined> {
  let [longName, longLink]: (string | undefined)[] = [];
  for (;;) {
    const header = parseHeader(await reader.read(blockBytes));
    if (header === undefined) return undefined;
    const { type, size } = header;
    if (type === "L" || type === "K") {
      if (size > mostNameBytes + 1) throw new Error("the archive holds too long a name");
      const name = untilNul(await reader.readPadded(size));
      if (type === "L") longName = name;
      else longLink = name;
      continue;
    }
    const holdsContent = type === "0" || type === "\0";
    return {
      ...header,
      name: longName ?? header.name,
      link: longLink ?? header.link,
      size: holdsContent ? size : 0,
    };
  }
}

/** What a block says as a header; `undefined` for one of zeros, which ends an archive. */
export function parseHeader(block: Buffer): Header | undefined {
  if (block.every((byte) => byte === 0)) return undefined;
  if (checksum(block) !== number(block, 148, 8)) throw new Error("a header of the archive is damaged");
  return {
    name: untilNul(block.subarray(0, 100)),
    link: untilNul(block.subarray(157, 257)),
    type: block.toString("latin1", 156, 157),
    size: number(block, 124, 12),
    mode: number(block, 100, 8),
    modifiedAtSeconds: number(block, 136, 12),
  };
}

function untilNul(field: Buffer): string {
  const end = field.indexOf(0);
  return field.toString("latin1", 0, end < 0 ? field.length : end);
}

/** Octal digits or, for what is greater, a number of base 256. */
function number(block: Buffer, at: number, length: number): number {
  if (block[at] === 0x80) return block.readUIntBE(at + length - 6, 6);
  const digits = untilNul(block.subarray(at, at + length)).trim();
  if (!/^[0-7]+$/.test(digits)) throw new Error("a header of the archive is damaged");
  return Number.parseInt(digits, 8);
}

function checksum(block: Buffer): number {
  const blank = 0x20;
  return block.reduce((sum, byte, index) => sum + (index >= 148 && index < 156 ? blank : byte), 0);
}

/** Reads a stream in portions of the reader's choice. */
class ByteReader {
  readonly #source: AsyncIterator<Buffer>;
  #rest: Buffer = Buffer.alloc(0);

  constructor(source: AsyncIterable<Buffer>) {
    this.#source = source[Symbol.asyncIterator]();
  }

  async read(bytes: number): Promise<Buffer> {
    const chunks: Buffer[] = [];
    for await (const chunk of this.#portions(bytes)) chunks.push(chunk);
    return Buffer.concat(chunks);
  }

  async readPadded(bytes: number): Promise<Buffer> {
    const content = await this.read(bytes);
    await this.read(paddingOf(bytes));
    return content;
  }

  /** The content of an entry, and the padding behind it. */
  async *take(bytes: number): AsyncGenerator<Buffer> {
    yield* this.#portions(bytes);
    await this.read(paddingOf(bytes));
  }

  async *#portions(bytes: number): AsyncGenerator<Buffer> {
    for (let left = bytes; left > 0; ) {
      if (this.#rest.length === 0) {
        const next = await this.#source.next();
        if (next.done) throw new Error("the archive is cut short");
        this.#rest = next.value;
      }
      const portion = this.#rest.subarray(0, left);
      this.#rest = this.#rest.subarray(portion.length);
      left -= portion.length;
      yield portion;
    }
  }
}

function paddingOf(bytes: number): number {
  return (blockBytes - (bytes % blockBytes)) % blockBytes;
}
