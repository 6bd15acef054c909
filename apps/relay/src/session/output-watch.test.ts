import assert from "node:assert/strict";
import { makeId } from "@quarterdeck/core/ids";
import { limits } from "@quarterdeck/core/protocol/limits";
import fc from "fast-check";
import { expect, test } from "vitest";
import { interestOf } from "./interest.ts";
import { isNearAgain, offerPiece, skipGap, type OutputWatch } from "./output-watch.ts";
import { markUnread, needsMark, nothingUnread } from "./unread-output.ts";
import { reachMark, roomOf, takeViewerFrame, type ViewerState } from "./viewer.ts";
import { noPast } from "./viewer-past.ts";

const runId = makeId("run", 1, new Uint8Array(16));
const otherRun = makeId("run", 2, new Uint8Array(16));

function viewerOf(): ViewerState {
  return {
    kind: "viewer",
    userId: "usr",
    orgId: "org",
    topics: [`output:${runId}`],
    features: ["checkpoint"],
    expiresAtMs: Number.MAX_SAFE_INTEGER,
    isWatchingTelemetry: false,
    watches: [],
    marks: 0,
    unread: nothingUnread,
    past: noPast,
  };
}

type Step =
  | { readonly kind: "watch" | "unwatch" | "ack" | "reach" | "close"; readonly viewer: number; readonly at: number }
  | { readonly kind: "send"; readonly length: number }
  | { readonly kind: "reconnect" };

const stepArbitrary: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constantFrom("watch", "unwatch", "ack", "reach", "close"),
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
    } else if (step.kind === "reach") this.reach(index);
    else this.acknowledge(index);
  }

  /** The viewer has read everything that it was sent. */
  reach(index: number): void {
    const viewer = this.viewers[index];
    if (!viewer || viewer.unread.mark === null) return;
    const reached = reachMark(viewer, viewer.unread.mark, this.#allowanceBytes);
    this.#keep(index, reached.viewer);
    if (reached.asked.size > 0) this.#interest(reached.asked);
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
      const next = watch && offerPiece(watch, piece, roomOf(viewer, this.#allowanceBytes));
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
    this.#keep(index, step.value.viewer);
    if (step.value.isInterestChanged) this.#interest(step.value.asked ? new Set([step.value.asked]) : new Set());
  }

  #keep(index: number, viewer: ViewerState): void {
    if (!needsMark(viewer.unread)) this.viewers[index] = viewer;
    else
      this.viewers[index] = {
        ...viewer,
        marks: viewer.marks + 1,
        unread: markUnread(viewer.unread, viewer.marks + 1),
      };
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
        for (const index of fan.viewers.keys()) {
          fan.acknowledgeSeldom(index);
          fan.reach(index);
        }
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
  const room = { allowanceBytes: allowance, unreadBytes: 0 };
  expect(isNearAgain({ ...paused, ackedOffset: sentOffset - limits.viewerAckBytes }, room)).toBe(true);
  expect(isNearAgain({ ...paused, ackedOffset: 1 }, room)).toBe(false);
});

test("[F9] a viewer that reads nothing gets its share, whatever it asks for and takes back", () => {
  const frame = fc.oneof(
    fc.record({ type: fc.constant("watchOutput" as const), fromOffset: fc.nat(100_000) }),
    fc.record({ type: fc.constant("unwatchOutput" as const) }),
    // Of what it asked for itself: nothing that it was sent.
    fc.record({ type: fc.constant("ackOutput" as const) }),
    fc.record({ type: fc.constant("gap" as const), length: fc.nat(1_000_000) }),
  );
  fc.assert(
    fc.property(fc.array(frame, { maxLength: 200 }), (frames) => {
      const allowance = limits.viewerAckBytes;
      let viewer = viewerOf();
      let sent = 0;
      let asked = 0;
      for (const one of frames) {
        if (one.type === "gap") {
          const gap = (watch: OutputWatch) => ({ fromOffset: 0, toOffset: watch.sentOffset + one.length });
          viewer = { ...viewer, watches: viewer.watches.map((watch) => skipGap(watch, gap(watch)) ?? watch) };
          continue;
        }
        if (one.type === "watchOutput") asked = one.fromOffset;
        const full = one.type === "ackOutput" ? { ...one, runId, offset: asked } : { ...one, runId };
        const step = takeViewerFrame(viewer, full, allowance);
        if (!step.ok) throw new Error(step.error.message);
        viewer = step.value.viewer;
        if (needsMark(viewer.unread)) viewer = { ...viewer, unread: markUnread(viewer.unread, 1) };
        // The bridge sends as much as somebody takes.
        for (let watch = viewer.watches[0]; watch; ) {
          const piece = { offset: watch.sentOffset, length: limits.outputChunkBytes, isEnd: false };
          watch = offerPiece(watch, piece, roomOf(viewer, allowance));
          if (!watch) break;
          sent += piece.length;
          viewer = { ...viewer, watches: [watch] };
        }
      }
      expect(sent).toBeLessThanOrEqual(2 * (allowance + limits.outputChunkBytes));
    }),
  );
});

test("a page without marks that asks again and again without reading is cut off", () => {
  let viewer: ViewerState = { ...viewerOf(), features: [] };
  const ask = () => takeViewerFrame(viewer, { type: "watchOutput", runId, fromOffset: 0 }, limits.viewerAckBytes);
  const first = ask();
  if (!first.ok) throw new Error(first.error.message);
  const [watch] = first.value.viewer.watches;
  if (!watch) throw new Error("nothing is watched");
  viewer = { ...first.value.viewer, watches: [{ ...watch, sentOffset: limits.viewerAckBytes }] };
  expect(ask()).toMatchObject({ ok: false, error: { code: "RATE_LIMITED" } });
});

test("an acknowledgement that crosses with asking again says what the viewer has; without that it is an offence", () => {
  const ack = { type: "ackOutput", runId, offset: 500 } as const;
  const take = (viewer: ViewerState, frame: Parameters<typeof takeViewerFrame>[1]) => {
    const step = takeViewerFrame(viewer, frame, limits.viewerBehindBytes);
    if (!step.ok) throw new Error(step.error.code);
    return step.value.viewer;
  };
  const watching = take(viewerOf(), { type: "watchOutput", runId, fromOffset: 0 });
  expect(() => take(watching, ack)).toThrow("PROTOCOL_VIOLATION");
  const again = take(take(watching, { type: "unwatchOutput", runId }), { type: "watchOutput", runId, fromOffset: 0 });
  expect(take(again, ack).watches).toMatchObject([{ sentOffset: 500, ackedOffset: 500, state: "live" }]);
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
