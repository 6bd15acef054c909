import {
  appendFileSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { limits } from "@quarterdeck/core/protocol/limits";
import type { Sample } from "@quarterdeck/core/protocol/telemetry";
import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { createLog } from "../log.ts";
import { SampleSpool, type SpoolBounds } from "./sample-spool.ts";

let directory: string;
let said: string;
beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), "qd-spool-"));
  said = "";
});
afterEach(() => rmSync(directory, { recursive: true, force: true }));

const log = createLog({ write: (line) => (said += line), isForPeople: false, nowMs: () => 0 });
const sample = (atMs: number): Sample => ({
  atMs,
  cpu: 1,
  cpuCapacity: 2000,
  memoryUsed: 1,
  memoryTotal: 2,
  diskUsed: 1,
  diskTotal: 2,
  networkReceived: atMs,
  networkSent: 0,
  load1: 0.5,
  runs: 0,
});
const everyHalfMinute = (count: number, from = 0) =>
  Array.from({ length: count }, (_, i) => from + i * limits.sampleUnwatchedMs);
const open = (bounds?: SpoolBounds) => SampleSpool.open({ directory, log, ...(bounds && { bounds }) });
const small: SpoolBounds = { bytes: 20_000, segmentBytes: 2000, segments: 64, ageMs: limits.telemetryHistoryMs };

/** Takes everything out, as the relay does. */
function drain(spool: SampleSpool) {
  const samples: number[] = [];
  const gaps: { fromMs: number; toMs: number; reason: string }[] = [];
  for (let piece = spool.next(Infinity); piece; piece = spool.next(Infinity)) {
    expect(piece.samples.length).toBeLessThanOrEqual(limits.historySamplesPerFrame);
    samples.push(...piece.samples.map(({ atMs }) => atMs));
    gaps.push(...piece.gaps);
    spool.drop(piece.through);
  }
  return { samples, gaps };
}
const files = () => readdirSync(directory).map((name) => join(directory, name));
const bytesOnDisk = () => files().reduce((sum, path) => sum + statSync(path).size, 0);

describe("a spool", () => {
  it("gives back what it took, in order, also after a restart, and then is empty", () => {
    const spool = open();
    for (const atMs of everyHalfMinute(300)) spool.add(sample(atMs));
    const again = open();
    expect(again.size).toBe(300);
    again.add(sample(9_000_000));
    expect(drain(again)).toEqual({ samples: [...everyHalfMinute(300), 9_000_000], gaps: [] });
    expect(files()).toEqual([]);
    expect(open().size).toBe(0);
  });

  it("gives what the relay did not store again after a restart", () => {
    const spool = open();
    for (const atMs of everyHalfMinute(300)) spool.add(sample(atMs));
    spool.drop(spool.next(Infinity)!.through);
    const left = everyHalfMinute(300).slice(limits.historySamplesPerFrame);
    expect(drain(open()).samples).toEqual(expect.arrayContaining(left));
  });

  it("gives only what is older than asked", () => {
    const spool = open();
    for (const atMs of everyHalfMinute(4)) spool.add(sample(atMs));
    expect(spool.next(60_000)?.samples.map(({ atMs }) => atMs)).toEqual([0, 30_000]);
    expect(spool.oldestMs).toBe(0);
  });

  it("stays within its bytes, drops the oldest, and says which and why [F9]", () => {
    const spool = open(small);
    const times = everyHalfMinute(1000);
    for (const atMs of times) {
      spool.add(sample(atMs));
      expect(bytesOnDisk()).toBeLessThanOrEqual(small.bytes + small.segmentBytes);
    }
    expect(spool.size).toBeLessThan(200);
    const { samples, gaps } = drain(open(small));
    expect(samples).toEqual(times.slice(-samples.length));
    expect(Math.min(...gaps.map(({ fromMs }) => fromMs))).toBe(0);
    const lost = times.filter((atMs) => !samples.includes(atMs));
    for (const atMs of lost) expect(gaps.some(({ fromMs, toMs }) => fromMs <= atMs && atMs <= toMs)).toBe(true);
    for (const atMs of samples) expect(gaps.some(({ fromMs, toMs }) => fromMs <= atMs && atMs <= toMs)).toBe(false);
    expect(new Set(gaps.map(({ reason }) => reason))).toEqual(new Set(["tooMany"]));
  });

  it("drops what is older than a day, in few words, and keeps the rest", () => {
    const spool = open();
    const times = everyHalfMinute((3 * limits.telemetryHistoryMs) / limits.sampleUnwatchedMs);
    for (const atMs of times) spool.add(sample(atMs));
    const { samples, gaps } = drain(spool);
    const day = limits.telemetryHistoryMs / limits.sampleUnwatchedMs;
    expect(samples.length).toBeGreaterThanOrEqual(day);
    expect(samples.length).toBeLessThan(day * 1.2);
    expect(gaps.length).toBeLessThan(20);
    expect(new Set(gaps.map(({ reason }) => reason))).toEqual(new Set(["tooOld"]));
    expect(Math.min(...gaps.map(({ fromMs }) => fromMs))).toBe(0);
  });

  it("loses at most the last reading when its file ends in half a line [F8]", () => {
    const spool = open();
    for (const atMs of everyHalfMinute(50)) spool.add(sample(atMs));
    const [path] = files();
    const size = statSync(path!).size;
    fc.assert(
      fc.property(fc.nat(150), (cut) => {
        const whole = readFileSync(path!);
        truncateSync(path!, size - cut);
        const again = open();
        again.add(sample(9_000_000));
        const samples = again.next(Infinity)!.samples.map(({ atMs }) => atMs);
        expect(samples).toEqual([...everyHalfMinute(50).slice(0, cut === 0 ? 50 : 49), 9_000_000]);
        for (const name of files()) rmSync(name);
        writeFileSync(path!, whole);
      }),
      { numRuns: 20 },
    );
  });

  it("with any bit flipped gives back nothing that it did not take, and says where readings are gone [F8]", () => {
    const spool = open();
    const times = everyHalfMinute(40);
    for (const atMs of times) spool.add(sample(atMs));
    const [path] = files();
    const sound = readFileSync(path!);
    fc.assert(
      fc.property(fc.nat(sound.length * 8 - 1), (bit) => {
        for (const name of files()) rmSync(name);
        const bytes = Buffer.from(sound);
        bytes[bit >> 3]! ^= 1 << (bit & 7);
        writeFileSync(path!, bytes);
        const again = open();
        const pieces = again.next(Infinity)!;
        for (const found of pieces.samples) expect(found).toEqual(sample(found.atMs));
        const found = new Set(pieces.samples.map(({ atMs }) => atMs));
        const inner = times.slice(1, -1).filter((atMs) => !found.has(atMs));
        expect(times.length - found.size).toBeLessThanOrEqual(2);
        const isLastOnly = found.has(times[times.length - 1]!);
        if (isLastOnly)
          for (const atMs of inner)
            expect(pieces.gaps.some(({ fromMs, toMs }) => fromMs <= atMs && atMs <= toMs)).toBe(true);
      }),
      { numRuns: 100 },
    );
  });

  it("of rubbish is empty and takes new readings [F8]", () => {
    appendFileSync(join(directory, "000000000001.log"), "rubbish\n\n\u0000\u0001");
    const spool = open();
    spool.add(sample(5));
    expect(drain(spool)).toEqual({ samples: [5], gaps: [] });
  });

  it("keeps readings in memory while its directory cannot be written, and writes them when it can [F8]", () => {
    const spool = open();
    spool.add(sample(1));
    rmSync(directory, { recursive: true });
    for (const atMs of [2, 3]) spool.add(sample(atMs));
    expect(said.match(/kept in memory/g)).toHaveLength(1);
    expect(spool.size).toBe(3);
    open(); // Makes the directory again.
    spool.add(sample(4));
    expect(drain(open()).samples).toEqual([2, 3, 4]);
  });
});
