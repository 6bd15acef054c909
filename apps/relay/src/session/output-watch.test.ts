import assert from "node:assert/strict";
import { makeId } from "@quarterdeck/core/ids";
import { limits } from "@quarterdeck/core/protocol/limits";
import fc from "fast-check";
import { expect, test } from "vitest";
import { interestOf } from "./interest.ts";
import { acknowledgeOutput, offerPiece, type OutputWatch } from "./output-watch.ts";
import { takeViewerFrame, type ViewerState } from "./viewer.ts";

const runId = makeId("run", 1, new Uint8Array(16));
const otherRun = makeId("run", 2, new Uint8Array(16));

function viewerOf(): ViewerState {
  return {
    kind: "viewer",
    userId: "usr",
    orgId: "org",
    topics: [`output:${runId}`],
    features: [],
    expiresAtMs: Number.MAX_SAFE_INTEGER,
    isWatchingTelemetry: false,
    watches: [],
  };
}

type Step =
  | { readonly kind: "watch" | "unwatch" | "ack" | "close"; readonly viewer: number; readonly at: number }
  | { readonly kind: "send"; readonly length: number }
  | { readonly kind: "reconnect" };

const stepArbitrary: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom("watch", "unwatch", "ack", "close"),
      viewer: fc.nat(3),
      at: fc.nat(1000),
    }),
  },
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant("send" as const),
      length: fc.integer({ min: 1, max: limits.outputChunkBytes }),
    }),
  },
  { weight: 1, arbitrary: fc.constant({ kind: "reconnect" as const }) },
);

/** Several viewers and one bridge with one run's output, as the relay's shell connects them. */
class Fan {
  readonly total: number;
  readonly viewers = Array.from({ length: 4 }, viewerOf);
  /** Per viewer: where it began, and up to where it has every byte. */
  readonly got: ({ from: number; end: number; isEnded: boolean } | undefined)[] = [];
  readonly #allowanceBytes: number;
  #position: number | null = null;

  constructor(total: number, allowanceBytes: number) {
    this.total = total;
    this.#allowanceBytes = allowanceBytes;
  }

  step(step: Step): void {
    if (step.kind === "send") return this.send(step.length);
    if (step.kind === "reconnect") {
      this.#position = null;
      return this.#interest("all");
    }
    const { viewer: index } = step;
    if (step.kind === "close") {
      this.viewers[index] = viewerOf();
      this.got[index] = undefined;
      return this.#interest(new Set());
    }
    const from = Math.floor((step.at / 1000) * this.total);
    if (step.kind === "watch") {
      this.got[index] = { from, end: from, isEnded: false };
      this.#frame(index, { type: "watchOutput", runId, fromOffset: from });
    } else if (step.kind === "unwatch") {
      this.got[index] = undefined;
      this.#frame(index, { type: "unwatchOutput", runId });
    } else this.acknowledge(index);
  }

  acknowledge(index: number): void {
    const got = this.got[index];
    if (got) this.#frame(index, { type: "ackOutput", runId, offset: got.end });
  }

  /** As the console does it: not for every piece. */
  acknowledgeSeldom(index: number): void {
    const got = this.got[index];
    const watch = this.viewers[index]?.watches[0];
    if (got && watch && (got.isEnded || got.end - watch.ackedOffset >= limits.viewerAckBytes)) this.acknowledge(index);
  }

  send(length: number): void {
    if (this.#position === null) return;
    const offset = this.#position;
    const end = Math.min(this.total, offset + length);
    const piece = { offset, length: end - offset, isEnd: end === this.total };
    this.#position = piece.isEnd ? null : end;
    let isChanged = false;
    for (const [index, viewer] of this.viewers.entries()) {
      const watch = viewer.watches[0];
      const next = watch && offerPiece(watch, piece, this.#allowanceBytes);
      const got = this.got[index];
      if (!next) continue;
      if (!got) throw new Error("a viewer that watches nothing got output");
      assert.ok(offset <= got.end);
      got.end = Math.max(got.end, end);
      got.isEnded ||= piece.isEnd;
      assert.equal(got.end, next.sentOffset);
      assert.ok(next.sentOffset - next.ackedOffset <= this.#allowanceBytes + limits.outputChunkBytes);
      this.viewers[index] = { ...viewer, watches: [next] };
      isChanged ||= next.state !== "live";
    }
    if (isChanged) this.#interest(new Set());
  }

  #frame(index: number, frame: Parameters<typeof takeViewerFrame>[1]): void {
    const viewer = this.viewers[index];
    if (!viewer) throw new Error("no such viewer");
    const step = takeViewerFrame(viewer, frame, this.#allowanceBytes);
    if (!step.ok) throw new Error(step.error.message);
    this.viewers[index] = step.value.viewer;
    if (step.value.isInterestChanged) this.#interest(step.value.asked ? new Set([step.value.asked]) : new Set());
  }

  #interest(asked: Parameters<typeof interestOf>[1]["asked"]): void {
    const run = interestOf(this.viewers, { asked, isKnownThere: () => true }).runs[0];
    if (!run) this.#position = null;
    else if (run.fromOffset !== null) this.#position = run.fromOffset;
  }
}

test("[F9] whatever viewers do, each one that watches gets every byte in order and the end", () => {
  const allowances = fc.constantFrom(limits.viewerAckBytes, 300_000, limits.viewerBehindBytes);
  const totals = fc.integer({ min: 0, max: 3_000_000 });
  fc.assert(
    fc.property(totals, allowances, fc.array(stepArbitrary, { maxLength: 150 }), (total, allowance, steps) => {
      const fan = new Fan(total, allowance);
      for (const step of steps) fan.step(step);
      // Everybody acknowledges from now on and the bridge sends what it is asked for: all must reach the end.
      for (let round = 0; round < 400; round++) {
        fan.send(limits.outputChunkBytes);
        for (const index of fan.viewers.keys()) fan.acknowledgeSeldom(index);
      }
      const watching = fan.got.filter((got) => got !== undefined);
      expect(watching.map(({ end, isEnded }) => ({ end, isEnded }))).toEqual(
        watching.map(() => ({ end: total, isEnded: true })),
      );
    }),
    { numRuns: 300 },
  );
});

test("[F9] a viewer that is paused goes on when it may not acknowledge again, however little it may be behind", () => {
  const allowance = limits.viewerAckBytes;
  const sentOffset = allowance + limits.outputChunkBytes;
  const paused: OutputWatch = { runId, sentOffset, ackedOffset: 0, state: "paused" };
  // What is left is less than what a page receives before it acknowledges.
  const acknowledged = acknowledgeOutput(paused, sentOffset - limits.viewerAckBytes, allowance);
  expect(acknowledged).toMatchObject({ ok: true, value: { state: "live" } });
  expect(acknowledgeOutput(paused, 1, allowance)).toMatchObject({ ok: true, value: { state: "paused" } });
});

test("[W5] no frame of a viewer makes it watch what its ticket does not name", () => {
  const frame = fc.oneof(
    fc.constant({ type: "watchTelemetry" as const }),
    fc.record({
      type: fc.constant("watchOutput" as const),
      runId: fc.constantFrom(runId, otherRun),
      fromOffset: fc.nat(),
    }),
    fc.record({ type: fc.constant("unwatchOutput" as const), runId: fc.constantFrom(runId, otherRun) }),
  );
  fc.assert(
    fc.property(fc.array(frame), (frames) => {
      let viewer = viewerOf();
      for (const one of frames) {
        const step = takeViewerFrame(viewer, one, limits.viewerBehindBytes);
        if (step.ok) viewer = step.value.viewer;
      }
      expect(viewer.isWatchingTelemetry).toBe(false);
      expect(viewer.watches.every((watch) => watch.runId === runId)).toBe(true);
    }),
  );
});
