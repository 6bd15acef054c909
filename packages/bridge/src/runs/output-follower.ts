import { closeSync, constants, fstatSync, openSync, readSync } from "node:fs";
import type { RunId } from "@quarterdeck/core/ids";
import type { BridgeToRelay } from "@quarterdeck/core/protocol/bridge-to-relay";
import { limits } from "@quarterdeck/core/protocol/limits";
import type { RelayToBridge } from "@quarterdeck/core/protocol/relay-to-bridge";
import type { ExecutionHost } from "../host/execution-host.ts";
import type { ContentKeys } from "../sealing/content-keys.ts";
import type { RunState } from "./run-state.ts";

type Interest = Extract<RelayToBridge, { type: "interest" }>["runs"];
type WithoutEpoch<T> = T extends { epoch: number } ? Omit<T, "epoch"> : never;
export type OutputFrame = WithoutEpoch<Extract<BridgeToRelay, { type: "output" | "gap" }>>;

interface Followed {
  offset: number;
  hasSentEnd: boolean;
  descriptor: number | undefined;
}

interface FollowerOptions {
  readonly files: ExecutionHost["files"];
  readonly contentKeys: ContentKeys;
  readonly stateOf: (runId: RunId) => RunState;
  readonly send: (frame: OutputFrame) => void;
}

/** Sends the output of watched runs from their files, within the relay's credit. What nobody watches costs nothing. */
export class OutputFollower {
  readonly #options: FollowerOptions;
  readonly #followed = new Map<RunId, Followed>();
  #credit = 0;
  #isPumping = false;

  constructor(options: FollowerOptions) {
    this.#options = options;
  }

  get followedCount(): number {
    return this.#followed.size;
  }

  /** A new connection: nothing is watched until the relay says so. */
  reset(creditBytes: number): void {
    for (const runId of this.#followed.keys()) this.#drop(runId);
    this.#credit = creditBytes;
  }

  addCredit(bytes: number): void {
    this.#credit += bytes;
    this.pump();
  }

  setInterest(runs: Interest): void {
    const wanted = new Set(runs.map(({ runId }) => runId));
    for (const runId of this.#followed.keys()) if (!wanted.has(runId)) this.#drop(runId);
    for (const { runId, fromOffset } of runs) {
      const known = this.#followed.get(runId);
      if (!known) this.#followed.set(runId, { offset: fromOffset ?? 0, hasSentEnd: false, descriptor: undefined });
      else if (fromOffset !== null) Object.assign(known, { offset: fromOffset, hasSentEnd: false });
    }
    this.pump();
  }

  /** A run has written or ended. */
  changed(runId: RunId): void {
    if (this.#followed.has(runId)) this.pump();
  }

  #drop(runId: RunId): void {
    const followed = this.#followed.get(runId);
    if (followed?.descriptor !== undefined) closeSync(followed.descriptor);
    this.#followed.delete(runId);
  }

  /**
   * Sends one piece of each run in turn, until there is nothing more or the credit is used up. Whoever was served goes to
   * the end of the line, also across calls: credit comes in small amounts, and the first must not take them all.
   */
  pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    try {
      for (const [runId, followed] of this.#followed) {
        if (this.#credit <= 0) return;
        if (!this.#sendPiece(runId, followed)) continue;
        // At the end of the line, where this loop meets it again.
        this.#followed.delete(runId);
        this.#followed.set(runId, followed);
      }
    } finally {
      this.#isPumping = false;
    }
  }

  #sendPiece(runId: RunId, followed: Followed): boolean {
    if (followed.hasSentEnd || this.#credit <= 0) return false;
    // Asked before reading: what an ended run wrote is all there when it counts as ended.
    const state = this.#options.stateOf(runId);
    const isEnded = state === "ended";
    if (state === "gone") {
      this.#sendGap(runId, followed);
      return false;
    }
    followed.descriptor ??= this.#open(runId);
    if (followed.descriptor === undefined) {
      // A run that ended without a word has an empty output.
      if (isEnded) this.#sendEnd(runId, followed);
      return false;
    }
    const sealer = this.#options.contentKeys.find(runId);
    if (sealer === undefined) {
      this.#sendGap(runId, followed);
      return false;
    }
    const size = fstatSync(followed.descriptor).size;
    const wanted = Math.min(limits.outputChunkBytes, this.#credit, Math.max(0, size - followed.offset));
    if (wanted === 0 && !isEnded) return false;
    const buffer = Buffer.alloc(wanted);
    const count = readSync(followed.descriptor, buffer, 0, wanted, followed.offset);
    const isEnd = isEnded && followed.offset + count >= size;
    this.#credit -= count;
    const offset = followed.offset;
    followed.offset += count;
    followed.hasSentEnd = isEnd;
    const data = sealer.seal(buffer.subarray(0, count), { kind: "output", offset, isEnd });
    this.#options.send({ type: "output", runId, offset, data, isEnd });
    return !isEnd;
  }

  #open(runId: RunId): number | undefined {
    try {
      return openSync(this.#options.files.run(runId).output, constants.O_RDONLY | constants.O_NOFOLLOW);
    } catch (error) {
      if (error instanceof Error && "code" in error && error.code === "ENOENT") return undefined;
      throw error;
    }
  }

  #sendEnd(runId: RunId, followed: Followed): void {
    const sealer = this.#options.contentKeys.find(runId);
    if (sealer === undefined) return this.#sendGap(runId, followed);
    followed.hasSentEnd = true;
    // Where its reader is: a power loss may have taken an output that somebody has read a part of.
    const { offset } = followed;
    const data = sealer.seal(Buffer.alloc(0), { kind: "output", offset, isEnd: true });
    this.#options.send({ type: "output", runId, offset, data, isEnd: true });
  }

  #sendGap(runId: RunId, followed: Followed): void {
    followed.hasSentEnd = true;
    const reason = "This server does not keep the output of that run any more.";
    this.#options.send({ type: "gap", stream: "output", runId, fromOffset: followed.offset, toOffset: null, reason });
  }
}
