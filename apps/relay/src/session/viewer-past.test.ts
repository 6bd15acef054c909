import { encodeReadings } from "@quarterdeck/core/protocol/compact-readings";
import { limits } from "@quarterdeck/core/protocol/limits";
import { hourMs, minuteMs } from "@quarterdeck/core/units";
import fc from "fast-check";
import { expect, test } from "vitest";
import { sample } from "../../test/output-source.ts";
import { slotStartMs } from "./telemetry-history.ts";
import { askPast, missPast, nextStretch, noPast, reachPast, type TimeSpan, type ViewerPast } from "./viewer-past.ts";

const at = (...times: number[]) => encodeReadings(times.map((atMs) => ({ ...sample, atMs })));

const nowMs = 1_800_000_000_000;

/** Everything that goes out to a viewer that answers each mark. */
function drain(past: ViewerPast): { past: ViewerPast; spans: TimeSpan[] } {
  const spans: TimeSpan[] = [];
  let left = past;
  for (let stretch = nextStretch(left, nowMs); stretch; stretch = nextStretch(left, nowMs)) {
    spans.push(stretch.span);
    left = reachPast({ ...stretch.past, mark: 1 }, 1);
  }
  return { past: left, spans };
}

const lengthOf = (spans: readonly TimeSpan[]) => spans.reduce((sum, { fromMs, toMs }) => sum + toMs - fromMs + 1, 0);

test("a day goes out in stretches, oldest first, without a hole, and once", () => {
  const { past, spans } = drain(askPast(noPast, limits.telemetryHistoryMs, nowMs));
  expect(spans.at(0)?.fromMs).toBe(slotStartMs(nowMs - limits.telemetryHistoryMs));
  expect(spans.at(-1)?.toMs).toBe(nowMs + limits.clockSkewMs);
  for (const [i, { fromMs }] of spans.entries()) if (i > 0) expect(fromMs).toBe((spans[i - 1]?.toMs ?? 0) + 1);
  expect(drain(askPast(past, limits.telemetryHistoryMs, nowMs + minuteMs)).spans).toEqual([]);
  expect(drain(askPast(past, hourMs, nowMs)).spans).toEqual([]);
});

test("nothing more goes out until the mark behind a stretch is answered", () => {
  const stretch = nextStretch(askPast(noPast, limits.telemetryHistoryMs, nowMs), nowMs);
  if (!stretch) throw new Error("nothing is due");
  const waiting = askPast({ ...stretch.past, mark: 3 }, limits.telemetryHistoryMs, nowMs);
  expect(nextStretch(waiting, nowMs)).toBeUndefined();
  expect(nextStretch(reachPast(waiting, 2), nowMs)).toBeUndefined();
  expect(nextStretch(reachPast(waiting, 3), nowMs)?.span.fromMs).toBe(stretch.span.toMs + 1);
});

test("who asked for an hour and then for a day gets the rest of the day", () => {
  const hour = drain(askPast(noPast, hourMs, nowMs));
  const day = drain(askPast(hour.past, limits.telemetryHistoryMs, nowMs));
  expect(day.spans.at(-1)?.toMs).toBe(hour.spans.at(0)?.fromMs);
});

test("readings of before that come when nothing can be sent go out later, from their slot on", () => {
  const { past } = drain(askPast(noPast, limits.telemetryHistoryMs, nowMs));
  const atMs = nowMs - 3 * hourMs;
  const missed = missPast(past, { readings: at(atMs, atMs + 1), gaps: [] });
  expect(drain(missed).spans).toEqual([{ fromMs: slotStartMs(atMs), toMs: atMs + 1 }]);
});

test("[F9] whatever is asked for, and whatever comes, what goes out is bounded by the answers and by what is new", () => {
  const ask = fc.record({ historyMs: fc.nat(limits.telemetryHistoryMs) });
  const answer = fc.constant("answer" as const);
  const comes = fc.record({ atMs: fc.oneof(fc.nat(), fc.nat(2 * nowMs)) });
  fc.assert(
    fc.property(fc.array(fc.oneof(ask, answer, comes), { maxLength: 100 }), (moves) => {
      let past = noPast;
      let sent = 0;
      let answers = 0;
      for (const move of moves) {
        if (move === "answer") {
          past = reachPast(past, 1);
          answers++;
        } else if ("atMs" in move) past = missPast(past, { readings: at(move.atMs), gaps: [] });
        else past = askPast(past, move.historyMs, nowMs);
        const stretch = nextStretch(past, nowMs);
        if (!stretch) continue;
        sent++;
        expect(lengthOf([stretch.span])).toBeLessThanOrEqual(24 * limits.historySlotMs);
        past = { ...stretch.past, mark: 1 };
      }
      expect(sent).toBeLessThanOrEqual(answers + 1);
      expect(lengthOf(drain(reachPast(past, 1)).spans)).toBeLessThanOrEqual(
        limits.telemetryHistoryMs + limits.historySlotMs + limits.clockSkewMs + 1,
      );
    }),
  );
});
