import { makeRate } from "@quarterdeck/core/quota/rates/gcra";
import { RateTable } from "@quarterdeck/core/quota/rates/rate-table";
import { RateLimiterMemory } from "rate-limiter-flexible";
import { median } from "../percentile.ts";
import { heldBytes } from "../rig/held-bytes.ts";
import { compare, type Row } from "../row.ts";

const keyCount = 1_000_000;
const perMinute = 100;

/** Takes one unit of each key, in the order given. */
interface Subject {
  take(order: Uint32Array): void | Promise<void>;
}

interface Figures {
  readonly nsPerKey: number;
  readonly bytesPerKey: number;
}

/** Checks of a rate with a million keys, beside a lookup and a store in a Map, and beside a limiter that people use. */
export async function measureGcra(): Promise<Row[]> {
  const keys = Array.from({ length: keyCount }, (_, n) => `user|usr_${n.toString(36).padStart(26, "0")}`);
  // Reading this machine's clock costs as much as a lookup: the Map needs none, so neither has one; the limiter reads it itself.
  let nowMs = performance.now();
  const bare = await comparePair(
    () => ourTable(keys, () => (nowMs += 0.001)),
    () => plainMap(keys),
    7,
  );
  const whole = await comparePair(
    () => ourTable(keys, () => performance.now()),
    () => flexible(keys),
    3,
  );
  const config = { keyCount, perMinute, order: "random, another each round", keyLength: keys[0]?.length ?? 0 };
  const time = { what: "GCRA check, 1,000,000 keys", unit: "ns", direction: "at most" } as const;
  const memory = { what: "memory of 1,000,000 keys with a rate", unit: "bytes a key", direction: "at most" } as const;
  const counted = "heap and buffers after a collection, without the keys' own text";
  const rows = (
    pair: Pair,
    { peerName, timeBar, memoryBar }: { peerName: string; timeBar: number; memoryBar: number },
  ) => [
    compare({
      ...time,
      ours: pair.ours.nsPerKey,
      peer: pair.peer.nsPerKey,
      peerName,
      bar: timeBar,
      config: { ...config, rounds: pair.rounds, clock: pair === whole ? "read for each check" : "given" },
    }),
    compare({
      ...memory,
      ours: pair.ours.bytesPerKey,
      peer: pair.peer.bytesPerKey,
      peerName,
      bar: memoryBar,
      config: { ...config, counted },
    }),
  ];
  return [
    ...rows(bare, { peerName: "Map, get and set", timeBar: 3, memoryBar: 1.5 }),
    ...rows(whole, { peerName: "rate-limiter-flexible, in memory", timeBar: 1, memoryBar: 1 }),
  ];
}

interface Pair {
  readonly ours: Figures;
  readonly peer: Figures;
  readonly rounds: number;
}

/** Both filled with every key, then taking turns; the medians of the rounds. */
async function comparePair(makeOurs: () => Subject, makePeer: () => Subject, rounds: number): Promise<Pair> {
  const inTurn = Uint32Array.from({ length: keyCount }, (_, n) => n);
  const sides = [];
  for (const make of [makeOurs, makePeer]) {
    const before = heldBytes();
    const subject = make();
    await subject.take(inTurn);
    sides.push({ subject, bytesPerKey: (heldBytes() - before) / keyCount, times: [] as number[] });
  }
  for (let round = 0; round < rounds; round++) {
    const order = shuffled(inTurn, round);
    for (const { subject, times } of sides) {
      const startedAt = performance.now();
      await subject.take(order);
      times.push(((performance.now() - startedAt) * 1e6) / keyCount);
    }
  }
  const [ours, peer] = sides.map(({ times, bytesPerKey }) => ({ nsPerKey: median(times), bytesPerKey }));
  return { ours: ours as Figures, peer: peer as Figures, rounds };
}

function ourTable(keys: readonly string[], readMs: () => number): Subject {
  const made = makeRate({ units: perMinute, periodMs: 60_000 });
  if (!made.ok) throw new Error(made.error.message);
  const rate = made.value;
  const table = new RateTable(keyCount);
  return {
    take(order) {
      for (const n of order) {
        const verdict = table.check([{ key: keys[n] as string, rate }], readMs());
        if (!verdict.isAllowed) throw new Error(`refused: ${verdict.reason}`);
      }
    },
  };
}

/** A time for each key, read and replaced: the least that any limiter in memory does. It limits nothing. */
function plainMap(keys: readonly string[]): Subject {
  const times = new Map<string, number>();
  return {
    take(order) {
      for (const n of order) {
        const key = keys[n] as string;
        times.set(key, (times.get(key) ?? 0) + 600.5);
      }
    },
  };
}

function flexible(keys: readonly string[]): Subject {
  const limiter = new RateLimiterMemory({ points: perMinute, duration: 60 });
  return {
    async take(order) {
      for (const n of order) await limiter.consume(keys[n] as string, 1);
    },
  };
}

/** In an order of its own for each seed, the same in each run. */
function shuffled(order: Uint32Array, seed: number): Uint32Array {
  const mixed = order.slice();
  let state = seed + 1;
  for (let i = mixed.length - 1; i > 0; i--) {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    const j = state % (i + 1);
    [mixed[i], mixed[j]] = [mixed[j] as number, mixed[i] as number];
  }
  return mixed;
}
