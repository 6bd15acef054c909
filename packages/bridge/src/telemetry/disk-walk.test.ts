import { execFileSync } from "node:child_process";
import { linkSync, mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { kibibyte } from "@quarterdeck/core/units";
import { afterEach, beforeEach, expect, it } from "vitest";
import { walkDisk } from "./disk-walk.ts";

let root: string;
beforeEach(() => (root = mkdtempSync(join(tmpdir(), "qd-walk-"))));
afterEach(() => rmSync(root, { recursive: true, force: true }));

let turns = 0;
const turn = () => Promise.resolve(++turns > 0);
const walk = (path = root, options: Partial<Parameters<typeof walkDisk>[1]> = {}) =>
  walkDisk(path, { mostEntries: 10_000, entriesPerTurn: 10, turn, ...options });
const du = () => Number(execFileSync("du", ["--block-size=1", "-sx", root]).toString().split("\t")[0]);

it("counts what du counts, in turns", async () => {
  for (let i = 0; i < 30; i++) {
    mkdirSync(join(root, `${i}/deep/er`), { recursive: true });
    writeFileSync(join(root, `${i}/deep/er/file`), Buffer.alloc(i * kibibyte, 1));
  }
  linkSync(join(root, "20/deep/er/file"), join(root, "again"));
  turns = 0;
  expect(await walk()).toBe(du());
  expect(turns).toBe(Math.floor((30 * 4 + 1) / 10));
});

it("[S6] follows no link, waits for no pipe, and ends in a tree that has no end", async () => {
  writeFileSync(join(root, "large"), Buffer.alloc(64 * kibibyte, 1));
  const inside = join(root, "inside");
  mkdirSync(inside);
  symlinkSync("/", join(inside, "everything"));
  symlinkSync("..", join(inside, "up"));
  symlinkSync(join(root, "large"), join(inside, "large"));
  execFileSync("mkfifo", [join(inside, "pipe")]);
  expect(await walk(inside)).toBeLessThan(64 * kibibyte);
  expect(await walk(`/proc/${process.pid}`, { mostEntries: 500 })).not.toBeNull();
});

it("[S6] reads what it found and nothing that was put in its place meanwhile", async () => {
  const elsewhere = mkdtempSync(join(tmpdir(), "qd-walk-else-"));
  try {
    writeFileSync(join(elsewhere, "large"), Buffer.alloc(1024 * kibibyte, 1));
    mkdirSync(join(root, "a"));
    mkdirSync(join(root, "b"));
    // At the first turn one of them was found, at the second both: they wait to be read.
    let left = 2;
    const swap = () => {
      if (--left === 0)
        for (const name of ["a", "b"]) {
          rmSync(join(root, name), { recursive: true });
          symlinkSync(elsewhere, join(root, name));
        }
      return Promise.resolve(true);
    };
    expect(await walk(root, { entriesPerTurn: 1, turn: swap })).toBeLessThan(64 * kibibyte);
    expect(left).toBeLessThanOrEqual(0);
  } finally {
    rmSync(elsewhere, { recursive: true });
  }
});

it("leaves out the directory that it is told to, with all in it", async () => {
  for (const name of ["in", "out"]) {
    mkdirSync(join(root, name));
    writeFileSync(join(root, name, "file"), Buffer.alloc(100 * kibibyte, 1));
  }
  const all = (await walk())!;
  const some = (await walk(root, { except: join(root, "out") }))!;
  expect(all - some).toBeGreaterThanOrEqual(100 * kibibyte);
  expect(some).toBeGreaterThanOrEqual(100 * kibibyte);
});

it("stops at so many entries, and when it is told to", async () => {
  for (let i = 0; i < 100; i++) writeFileSync(join(root, String(i)), Buffer.alloc(4 * kibibyte, 1));
  const all = (await walk())!;
  const some = (await walk(root, { mostEntries: 50 }))!;
  expect(some).toBeLessThan(all);
  expect(some).toBeGreaterThanOrEqual(50 * 4 * kibibyte);
  let left = 2;
  expect(await walk(root, { turn: () => Promise.resolve(--left > 0) })).toBeNull();
});

it("knows nothing of what is not there, and leaves its file system for nothing", async () => {
  expect(await walk(join(root, "missing"))).toBeNull();
  // A file system of its own on every Linux.
  const other = mkdtempSync("/dev/shm/qd-walk-");
  try {
    writeFileSync(join(other, "large"), Buffer.alloc(4096 * kibibyte, 1));
    expect(await walk("/dev", { mostEntries: 10_000 })).toBeLessThan(2048 * kibibyte);
  } finally {
    rmSync(other, { recursive: true });
  }
});
