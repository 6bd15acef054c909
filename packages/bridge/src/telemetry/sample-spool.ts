import { mkdirSync, readdirSync, readFileSync, rmSync, statSync } from "node:fs";
import { join } from "node:path";
import { limits } from "@quarterdeck/core/protocol/limits";
import type { Sample, TelemetryGap } from "@quarterdeck/core/protocol/telemetry";
import {
  decodeWorkspaces,
  encodeWorkspaces,
  type WorkspaceReading,
} from "@quarterdeck/core/protocol/workspace-readings";
import { kibibyte, mebibyte } from "@quarterdeck/core/units";
import { errorMessage, type Log } from "../log.ts";
import { appendWhole } from "./append-whole.ts";
import type { Readings } from "./readings.ts";
import { decodeRecords, encodeRecord, recordMs, type SpoolRecord } from "./spool-record.ts";

/** What bounds a spool. */
export interface SpoolBounds {
  readonly bytes: number;
  readonly segmentBytes: number;
  readonly segments: number;
  readonly ageMs: number;
}

const defaultBounds: SpoolBounds = {
  bytes: 8 * mebibyte,
  segmentBytes: 64 * kibibyte,
  segments: 160,
  ageMs: limits.telemetryHistoryMs,
};

interface SpoolOptions {
  readonly directory: string;
  readonly log: Log;
  readonly bounds?: SpoolBounds;
}

interface Numbered {
  /** Rises from record to record, and is another one after a start. */
  readonly seq: number;
  readonly record: SpoolRecord;
}

/** Records of one file: the newest file grows, the oldest is dropped whole. */
interface Segment {
  readonly path: string;
  readonly records: Numbered[];
  bytes: number;
  /** Lines that are not on the disk yet, because it took none. */
  unwritten: string;
}

/** Records in their order, as they go into one frame. */
export interface SpoolPiece extends Readings {
  readonly through: number;
  readonly gaps: TelemetryGap[];
}

/** About the most numbers of workspaces in a piece: with room for how long numbers may be, it fits a frame. */
const numbersPerPiece = 20_000;

/**
 * Readings that the relay has not stored yet, oldest first, on the disk and in memory. It is bounded: the oldest go first,
 * and a gap says which. Writes are not fsynced: a crash of the machine may cost the newest readings and no others.
 */
export class SampleSpool {
  readonly #directory: string;
  readonly #log: Log;
  readonly #bounds: SpoolBounds;
  readonly #segments: Segment[] = [];
  #lastSeq = 0;
  /** New records go into a file of their own after a start: the last one may end in half a line. */
  #mayGrow = false;
  #isUnwritable = false;

  private constructor({ directory, log, bounds = defaultBounds }: SpoolOptions) {
    this.#directory = directory;
    this.#log = log;
    this.#bounds = bounds;
  }

  /** Opens a spool and reads what an earlier bridge left in it. */
  static open(options: SpoolOptions): SampleSpool {
    const spool = new SampleSpool(options);
    mkdirSync(options.directory, { recursive: true, mode: 0o700 });
    spool.#load();
    return spool;
  }

  get size(): number {
    return this.#segments.reduce((sum, { records }) => sum + records.length, 0);
  }

  /** The time of the oldest record. */
  get oldestMs(): number | undefined {
    const first = this.#segments.find(({ records }) => records.length > 0)?.records[0];
    return first && recordMs(first.record);
  }

  add(sample: Sample, workspaces: readonly WorkspaceReading[] = []): void {
    const groups = encodeWorkspaces(workspaces.map((one) => ({ ...one, topRuns: [] })));
    this.#append({ kind: "sample", sample, ...(groups.length > 0 && { workspaces: groups }) });
    this.#enforceBounds(sample.atMs);
    this.#write();
  }

  /** The oldest records from before a time, as many as fit a frame; `undefined` when there are none. */
  next(beforeMs: number): SpoolPiece | undefined {
    const samples: Sample[] = [];
    const workspaces: WorkspaceReading[] = [];
    const gaps: TelemetryGap[] = [];
    let numbers = 0;
    let through = 0;
    for (const { seq, record } of this.#segments.flatMap(({ records }) => records)) {
      if (samples.length === limits.historySamplesPerFrame || gaps.length === limits.historyGapsPerFrame) break;
      if (recordMs(record) >= beforeMs) break;
      if (record.kind === "sample") {
        const groups = record.workspaces ?? [];
        numbers += groups.reduce((sum, { rows }) => sum + (rows[0]?.length ?? 0), 0);
        if (numbers > numbersPerPiece && samples.length > 0) break;
        samples.push(record.sample);
        workspaces.push(...decodeWorkspaces(groups));
      } else gaps.push(record.gap);
      through = seq;
    }
    return through === 0 ? undefined : { through, samples, workspaces, gaps };
  }

  /** The relay has every record up to `through`. */
  drop(through: number): void {
    for (const segment of this.#segments) {
      const kept = segment.records.findIndex(({ seq }) => seq > through);
      segment.records.splice(0, kept === -1 ? segment.records.length : kept);
    }
    while (this.#segments[0]?.records.length === 0) this.#removeOldest();
  }

  #append(record: SpoolRecord): void {
    const line = encodeRecord(record);
    const seq = ++this.#lastSeq;
    let segment = this.#segments.at(-1);
    if (!segment || !this.#mayGrow || segment.bytes + line.length > this.#bounds.segmentBytes) {
      const path = join(this.#directory, `${String(seq).padStart(12, "0")}.log`);
      segment = { path, records: [], bytes: 0, unwritten: "" };
      this.#segments.push(segment);
      this.#mayGrow = true;
    }
    segment.records.push({ seq, record });
    segment.bytes += line.length;
    segment.unwritten += line;
  }

  /** A disk that takes nothing costs the readings only if the bridge ends before it takes something again. */
  #write(): void {
    try {
      for (const segment of this.#segments) {
        if (segment.unwritten === "") continue;
        appendWhole(segment.path, segment.unwritten);
        segment.unwritten = "";
      }
      this.#isUnwritable = false;
    } catch (error) {
      if (!this.#isUnwritable)
        this.#log.warn("readings cannot be written to the disk and are kept in memory", {
          reason: errorMessage(error),
        });
      this.#isUnwritable = true;
    }
  }

  #enforceBounds(nowMs: number): void {
    const { bytes, segments, ageMs } = this.#bounds;
    const total = () => this.#segments.reduce((sum, segment) => sum + segment.bytes, 0);
    this.#cutWhile(() => total() > bytes || this.#segments.length > segments, "tooMany");
    const isOld = (segment: Segment | undefined) => {
      const newest = segment?.records.at(-1);
      return newest !== undefined && recordMs(newest.record) < nowMs - ageMs;
    };
    this.#cutWhile(() => isOld(this.#segments[0]), "tooOld");
  }

  /** Gives up the oldest files, but for the newest, and says so at the end of the spool. */
  #cutWhile(mustCut: () => boolean, reason: TelemetryGap["reason"]): void {
    const times: number[] = [];
    while (this.#segments.length > 1 && mustCut()) {
      for (const { record } of this.#removeOldest().records) {
        if (record.kind === "sample") times.push(record.sample.atMs);
        else times.push(record.gap.fromMs, record.gap.toMs);
      }
    }
    if (times.length === 0) return;
    const gap: TelemetryGap = { fromMs: Math.min(...times), toMs: Math.max(...times), reason };
    this.#append({ kind: "gap", gap });
  }

  #removeOldest(): Segment {
    const segment = this.#segments.shift();
    if (!segment) throw new Error("the spool is empty");
    rmSync(segment.path, { force: true });
    return segment;
  }

  #load(): void {
    const damaged: TelemetryGap[] = [];
    let lastMs: number | undefined;
    let isBroken = false;
    const names = readdirSync(this.#directory).filter((name) => name.endsWith(".log"));
    for (const name of names.toSorted()) {
      const path = join(this.#directory, name);
      const records: Numbered[] = [];
      this.#lastSeq = Math.max(this.#lastSeq, Number.parseInt(name, 10) || 0);
      for (const record of decodeRecords(readFileSync(path, "utf8"))) {
        if (record === "damaged") {
          isBroken = true;
          continue;
        }
        const atMs = recordMs(record);
        if (isBroken && lastMs !== undefined) damaged.push({ fromMs: lastMs, toMs: atMs, reason: "damaged" });
        isBroken = false;
        lastMs = atMs;
        records.push({ seq: ++this.#lastSeq, record });
      }
      this.#segments.push({ path, records, bytes: statSync(path).size, unwritten: "" });
    }
    if (damaged.length > 0) this.#log.warn("a part of the kept readings is damaged", { places: damaged.length });
    for (const gap of damaged) this.#append({ kind: "gap", gap });
    while (this.#segments[0]?.records.length === 0) this.#removeOldest();
    if (lastMs !== undefined) this.#enforceBounds(lastMs);
    this.#write();
  }
}
