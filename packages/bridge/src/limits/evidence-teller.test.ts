import type { OrgId, ProjectId, RunId, ServerId, WorkspaceId } from "@quarterdeck/core/ids";
import {
  evidenceReportSchema,
  maxEvidencePerReport,
  type EvidenceReport,
  type LimitEvidence,
} from "@quarterdeck/core/protocol/limit-evidence";
import { limits } from "@quarterdeck/core/protocol/limits";
import { limitedResources } from "@quarterdeck/core/quota/kernel-limits";
import { openSigned, type SignedText } from "@quarterdeck/core/protocol/signing";
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from "vitest";
import { newId, newKey } from "../../test/fake-platform.ts";
import { EvidenceTeller, risingTime } from "./evidence-teller.ts";

let key: Awaited<ReturnType<typeof newKey>>;
beforeAll(async () => {
  key = await newKey();
});
beforeEach(() => void vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"] }));
afterEach(() => void vi.useRealTimers());

const identity = { serverId: newId("server") as ServerId, orgId: newId("org") as OrgId };
const node = newId("workspace") as WorkspaceId;

function item(change: Partial<LimitEvidence> = {}): LimitEvidence {
  return { node, resource: "cpu", wanted: 1, actual: 1, state: "enforced", source: "cpu.max", atMs: 5, ...change };
}

/** A teller whose words arrive while there is a connection. */
function open() {
  const words: SignedText[] = [];
  const state = { isThere: true, nowMs: 1000 as number | null };
  const arrived = Promise.withResolvers<void>();
  let wake = arrived;
  const teller = new EvidenceTeller({
    identity,
    driver: () => ({ name: "cgroup", limited: ["cpu", "memory"] }),
    privateKey: key.privateKey,
    log: { info: () => undefined, warn: () => undefined, error: (message) => expect.unreachable(message) },
    agreedMs: () => state.nowMs,
    send(text) {
      if (state.isThere) words.push(text);
      wake.resolve();
      wake = Promise.withResolvers();
      return state.isThere;
    },
  });
  /** The report that comes within a second. */
  const next = async (): Promise<EvidenceReport> => {
    const { promise } = wake;
    await vi.advanceTimersByTimeAsync(1000);
    await promise;
    const opened = await openSigned(words.at(-1)!, {
      keys: [key.publicKey],
      domain: "limitEvidence",
      schema: evidenceReportSchema,
    });
    if (!opened.ok) throw new Error(opened.error.message);
    return opened.value;
  };
  return { teller, words, state, next, sent: () => wake.promise };
}

describe("what the kernel says", () => {
  it("is told signed, what comes together in one report, of each limit the newest", async () => {
    const { teller, next, words } = open();
    teller.connected();
    teller.tell([item({ actual: 2, state: "mismatch" }), item({ resource: "memory" })]);
    teller.tell([item()]);
    expect(await next()).toEqual({
      v: 1,
      ...identity,
      saidAtMs: 1000,
      driver: "cgroup",
      limited: ["cpu", "memory"],
      items: [item(), item({ resource: "memory" })],
    });
    await vi.advanceTimersByTimeAsync(60_000);
    expect(words).toHaveLength(1);
  });

  it("is told again with each connection, whole, and never under the same time", async () => {
    const { teller, next } = open();
    teller.connected();
    teller.tell([item()]);
    const first = await next();
    teller.disconnected();
    teller.connected();
    const second = await next();
    expect(second.items).toEqual(first.items);
    expect(second.saidAtMs).toBe(first.saidAtMs + 1);
  });

  it("is not lost when the connection is, and is kept until there is one", async () => {
    const { teller, next, words, state, sent } = open();
    teller.tell([item()]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(words).toEqual([]);
    state.isThere = false;
    teller.connected();
    const tried = sent();
    await vi.advanceTimersByTimeAsync(1000);
    await tried;
    state.isThere = true;
    teller.connected();
    expect((await next()).items).toEqual([item()]);
  });

  it("fits: more than one report may hold goes in several, a second apart, each node whole", async () => {
    const { teller, next, words } = open();
    teller.connected();
    const nodes = Array.from({ length: 30 }, () => newId("project") as ProjectId);
    teller.tell(nodes.flatMap((one) => limitedResources.map((resource) => item({ node: one, resource }))));
    const perReport = Math.floor(maxEvidencePerReport / limitedResources.length);
    const told = [await next(), await next(), await next()];
    expect(told.map(({ items }) => items.length)).toEqual([60, 60, 60]);
    expect(new Set(told[0]!.items.map(({ node: of }) => of)).size).toBe(perReport);
    expect(Math.max(...words.map(({ signed }) => signed.length))).toBeLessThan(32 * 1024);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(words).toHaveLength(3);
  });

  it("says of runs only what is not as it should be, and forgets it when they end", async () => {
    const { teller, next, words } = open();
    const runId = newId("run") as RunId;
    teller.connected();
    teller.tell([item({ node: runId })]);
    await vi.advanceTimersByTimeAsync(2000);
    expect(words).toEqual([]);
    teller.tell([item({ node: runId, state: "mismatch" }), item({ node: runId, resource: "memory" })]);
    expect((await next()).items).toEqual([item({ node: runId, state: "mismatch" })]);
    teller.runEnded(runId);
    teller.tell([item()]);
    teller.disconnected();
    teller.connected();
    expect((await next()).items).toEqual([item()]);
  });

  it("is never said at a time that is over, and a clock that was far ahead is left behind", () => {
    expect(risingTime(5, 10)).toBe(10);
    expect(risingTime(10, 10)).toBe(11);
    expect(risingTime(12, 10)).toBe(13);
    expect(risingTime(10 + limits.clockSkewMs + 1, 10)).toBe(10);
  });
});
