import { limits } from "@quarterdeck/core/protocol/limits";
import { minuteMs, secondMs } from "@quarterdeck/core/units";
import type { Sample } from "@quarterdeck/core/protocol/telemetry";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { HistoryFeed } from "./history-feed.ts";
import type { SpoolPiece } from "./sample-spool.ts";
import { TelemetrySchedule } from "./telemetry-schedule.ts";

beforeEach(() => vi.useFakeTimers({ now: 1_800_000_000_000 }));
afterEach(() => vi.useRealTimers());

/** A bridge's telemetry with a spool in memory, and a relay that stores what it is told to. */
function makeTelemetry() {
  const state = { isConnected: false, hasRoom: true, spooled: [] as Sample[], dropped: 0 };
  const pieces: SpoolPiece[] = [];
  const live: Sample[][] = [];
  const spool = {
    add: (sample: Sample) => void state.spooled.push(sample),
    get oldestMs() {
      return state.spooled[state.dropped]?.atMs;
    },
    next(beforeMs: number) {
      const samples = state.spooled.slice(state.dropped, state.dropped + 120).filter(({ atMs }) => atMs < beforeMs);
      return samples.length === 0
        ? undefined
        : { through: state.dropped + samples.length, samples, workspaces: [], gaps: [] };
    },
    drop: (through: number) => void (state.dropped = through),
  };
  const feed = new HistoryFeed({
    spool,
    hasRoom: () => state.hasRoom,
    send: (piece) => {
      if (state.isConnected) pieces.push(piece);
      return state.isConnected;
    },
  });
  const schedule = new TelemetrySchedule({
    clock: { monotonicMs: () => Date.now() },
    spool,
    feed,
    read: () => ({ atMs: Date.now(), cpu: (Date.now() / secondMs) % 2 === 0 ? 0 : 100 }) as Sample,
    readWorkspaces: () => [],
    send: ({ samples }) => {
      if (state.isConnected) live.push([...samples]);
      return state.isConnected;
    },
  });
  const connect = () => {
    state.isConnected = true;
    schedule.setWatched(false);
    schedule.connected();
    feed.connected();
  };
  const disconnect = () => {
    state.isConnected = false;
    schedule.setWatched(false);
    feed.disconnected();
  };
  const store = () => feed.stored(pieces.at(-1)?.through ?? 0);
  schedule.start();
  return { state, pieces, live, feed, schedule, connect, disconnect, store };
}

describe("a bridge's telemetry", () => {
  it("unwatched is read every 30 s and sent once a minute, and each five minutes as history instead", () => {
    const { pieces, live, state, connect, store } = makeTelemetry();
    connect();
    vi.advanceTimersByTime(secondMs);
    store();
    const [readBefore, liveBefore, piecesBefore] = [state.spooled.length, live.length, pieces.length];
    for (let minute = 0; minute < 60; minute++) {
      vi.advanceTimersByTime(minuteMs);
      store();
    }
    expect(state.spooled.length - readBefore).toBe(120);
    expect(live.length - liveBefore + pieces.length - piecesBefore).toBe(60);
    expect(pieces.length - piecesBefore).toBe(11); // The hour's last five minutes are not over.
    const isWhole = ({ samples }: SpoolPiece) =>
      new Set(samples.map(({ atMs }) => Math.floor(atMs / limits.historySlotMs))).size === 1;
    expect(pieces.every(isWhole)).toBe(true);
  });

  it("watched is sent each second; the history keeps one in 30 s with the mean use of the processor", () => {
    const { live, state, connect, schedule } = makeTelemetry();
    connect();
    schedule.setWatched(true);
    const before = live.length;
    vi.advanceTimersByTime(2 * minuteMs);
    expect(live.length - before).toBe(120);
    expect(state.spooled).toHaveLength(1 + 4);
    expect(state.spooled.at(-1)?.cpu).toBe(50);
  });

  it("while offline is kept, and goes out in order, one piece after the other, after a reconnect", () => {
    const { live, pieces, state, connect, disconnect, feed, store } = makeTelemetry();
    connect();
    vi.advanceTimersByTime(secondMs);
    store();
    disconnect();
    const sentBefore = live.length;
    vi.advanceTimersByTime(3 * 60 * minuteMs);
    expect(live.length).toBe(sentBefore);
    expect(pieces).toHaveLength(1);
    connect();
    expect(pieces).toHaveLength(1); // Results go first.
    for (const expected of [2, 3, 4]) {
      vi.advanceTimersByTime(secondMs);
      feed.flush();
      expect(pieces).toHaveLength(expected); // Not the next before this one is stored.
      store();
    }
    vi.advanceTimersByTime(secondMs);
    expect(state.dropped).toBe(state.spooled.length);
    const times = pieces.flatMap(({ samples }) => samples.map(({ atMs }) => atMs));
    expect(times).toEqual(state.spooled.map(({ atMs }) => atMs));
    expect(times.length).toBeGreaterThan(360);
  });

  it("from before goes behind everything else, and again on the next connection if it was not stored", () => {
    const { pieces, state, connect, disconnect, feed } = makeTelemetry();
    vi.advanceTimersByTime(5 * minuteMs);
    state.hasRoom = false;
    connect();
    vi.advanceTimersByTime(minuteMs);
    expect(pieces).toEqual([]);
    state.hasRoom = true;
    vi.advanceTimersByTime(secondMs);
    expect(pieces).toHaveLength(1);
    disconnect();
    feed.stored(pieces[0]?.through ?? 0); // A word of the relay from before counts for nothing.
    expect(state.dropped).toBe(0);
    connect();
    vi.advanceTimersByTime(secondMs);
    expect(pieces[1]?.samples[0]).toEqual(pieces[0]?.samples[0]);
  });

  it("goes to whoever begins to watch, up to the newest", () => {
    const { pieces, state, connect, schedule, store } = makeTelemetry();
    connect();
    vi.advanceTimersByTime(secondMs);
    store();
    vi.advanceTimersByTime(2 * minuteMs);
    const before = pieces.length;
    schedule.setWatched(true);
    expect(pieces).toHaveLength(before + 1);
    expect(pieces.at(-1)?.through).toBe(state.spooled.length);
  });
});
