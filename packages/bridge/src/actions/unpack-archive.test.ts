import {
  existsSync,
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
import { join } from "node:path";
import { gzipSync, zstdCompressSync } from "node:zlib";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { unpackArchive } from "./unpack-archive.ts";

interface Entry {
  readonly name: string;
  readonly type?: string;
  readonly content?: string;
  readonly link?: string;
  readonly mode?: number;
  /** What the header says, whatever there is. */
  readonly size?: number;
}

function tar(entries: readonly Entry[]): Buffer {
  const blocks = entries.flatMap(({ name, type = "0", content = "", link = "", mode = 0o644, size }) => {
    const block = Buffer.alloc(512);
    const octal = (value: number, at: number, length: number) =>
      block.write(`${value.toString(8).padStart(length - 1, "0")}\0`, at, "latin1");
    block.write(name, 0, "latin1");
    octal(mode, 100, 8);
    octal(size ?? content.length, 124, 12);
    octal(1_700_000_000, 136, 12);
    block.write("        ", 148, "latin1");
    block.write(type, 156, "latin1");
    block.write(link, 157, "latin1");
    const sum = block.reduce((total, byte) => total + byte, 0);
    block.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
    return [block, Buffer.from(content, "latin1"), Buffer.alloc((512 - (content.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

let root: string;
let directory: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), "qd-unpack-"));
  directory = join(root, "project");
  mkdirSync(directory);
  writeFileSync(join(root, "secret"), "secret");
});
afterEach(() => rmSync(root, { recursive: true, force: true }));

const roomy = { maxBytes: 1e6, maxEntries: 100 };
async function unpack(entries: readonly Entry[], limits = roomy) {
  const file = join(root, "archive.tar.gz");
  writeFileSync(file, gzipSync(tar(entries)));
  return unpackArchive(file, directory, limits);
}

describe("an archive", () => {
  it("is unpacked with modes, times, empty folders, long names and links that stay inside", async () => {
    const long = `deep/${"n".repeat(200)}`;
    const unpacked = await unpack([
      { name: "./", type: "5", mode: 0o755 },
      { name: "./empty/", type: "5", mode: 0o500 },
      { name: "./bin/run", content: "#!/bin/sh\n", mode: 0o4755 },
      { name: "././@LongLink", type: "L", content: `${long}\0` },
      { name: long.slice(0, 100), content: "long" },
      { name: "./bin/up", type: "2", link: "../bin/run" },
      { name: "./bin/dangling", type: "2", link: "./later" },
      { name: "./pipe", type: "6" },
    ]);
    expect(unpacked).toEqual({ entries: 8 - 1, bytes: 14, leftOut: ["left out, a named pipe: pipe"] });
    expect(readFileSync(join(directory, long), "utf8")).toBe("long");
    const { mode, mtimeMs } = lstatSync(join(directory, "bin/run"));
    expect([mode & 0o7777, mtimeMs]).toEqual([0o755, 1_700_000_000_000]); // It sets no user id.
    expect(lstatSync(join(directory, "empty")).mode & 0o777).toBe(0o700);
    expect(readFileSync(join(directory, "bin/up"), "utf8")).toBe("#!/bin/sh\n");
    expect(readlinkSync(join(directory, "bin/dangling"))).toBe("./later");
  });

  it("of zstd is read too", async () => {
    const file = join(root, "archive.tar.zst");
    writeFileSync(file, zstdCompressSync(tar([{ name: "./a", content: "x".repeat(5000) }])));
    expect(await unpackArchive(file, directory, roomy)).toMatchObject({ entries: 1, bytes: 5000 });
    expect(lstatSync(join(directory, "a")).size).toBe(5000);
  });

  it.each([
    ["above it", { name: "../escaped" }],
    ["above it on the way", { name: "a/../../escaped" }],
    ["at the root", { name: `/${"escaped"}` }],
    ["without a name", { name: "" }],
    ["that is a hard link", { name: "own", type: "1", link: "../secret" }],
    ["that is a character device", { name: "null", type: "3" }],
    ["that is a block device", { name: "disk", type: "4" }],
    ["of a type that nobody knows", { name: "x", type: "g", content: "x" }],
  ] as const)("with an entry %s is refused, and writes nothing there [S6]", async (_, entry) => {
    await expect(
      unpack([
        { name: "./first", content: "x" },
        { content: "bad", ...entry },
      ]),
    ).rejects.toThrow();
    expect(readdirSync(root).sort()).toEqual(["archive.tar.gz", "project", "secret"]);
    expect(readdirSync(directory)).toEqual(["first"]);
    expect(readFileSync(join(root, "secret"), "utf8")).toBe("secret");
  });

  it.each([
    ["absolutely", [{ name: "out", type: "2", link: "/etc/passwd" }]],
    ["by climbing", [{ name: "a/out", type: "2", link: "../../secret" }]],
    [
      "through another link",
      [
        { name: "a/b/s", type: "2", link: "../.." },
        { name: "out", type: "2", link: "a/b/s/../secret" },
      ],
    ],
  ] as const)("with a link that leads out %s is unpacked without it [S6]", async (_, entries) => {
    const { leftOut } = await unpack(entries);
    expect(leftOut).toHaveLength(1);
    const out = entries.at(-1)?.name ?? "";
    expect(lstatSync(join(directory, out), { throwIfNoEntry: false })).toBeUndefined();
  });

  it("that puts a file or a link behind a link writes nothing through it [S6]", async () => {
    const file = [
      { name: "s", type: "2", link: "." },
      { name: "s/file", content: "x" },
    ];
    await expect(unpack(file)).rejects.toThrow(/EEXIST/);
    rmSync(directory, { recursive: true });
    mkdirSync(directory);
    const link = [
      { name: "x/y/s", type: "2", link: "../.." },
      { name: "x/y/s/out", type: "2", link: "../../../secret" },
    ];
    await expect(unpack(link)).rejects.toThrow(/EEXIST/);
    expect(existsSync(join(directory, "out"))).toBe(false);
  });

  it("that unpacks to more than it may, or has too many entries, is given up at the limit [S6]", async () => {
    const bomb = [{ name: "bomb", content: "\0".repeat(2_000_000) }];
    await expect(unpack(bomb)).rejects.toThrow("unpacks to more than 1000000 bytes");
    expect(readdirSync(directory)).toEqual([]);
    const many = Array.from({ length: 101 }, (_, index) => ({ name: `f${index}` }));
    await expect(unpack(many)).rejects.toThrow("more than 100 entries");
  });

  it("that is cut short, holds an entry twice or has a damaged header is refused", async () => {
    await expect(unpack([{ name: "short", size: 5000, content: "x" }])).rejects.toThrow("cut short");
    await expect(unpack([{ name: "twice" }, { name: "./twice" }])).rejects.toThrow(/EEXIST/);
    const file = join(root, "archive.tar.gz");
    const damaged = tar([{ name: "x" }]);
    damaged[0] = 0x79;
    writeFileSync(file, gzipSync(damaged));
    await expect(unpackArchive(file, directory, roomy)).rejects.toThrow("damaged");
  });
});
