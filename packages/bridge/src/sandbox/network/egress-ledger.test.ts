import { randomBytes } from "node:crypto";
import { makeId, type ProjectId, type WorkspaceId } from "@quarterdeck/core/ids";
import { describe, expect, it } from "vitest";
import { EgressLedger } from "./egress-ledger.ts";
import type { HostLine } from "./meter-lines.ts";
import { burstOf } from "./token-bucket.ts";

const workspaceId = makeId("workspace", 1, randomBytes(16)) as WorkspaceId;
const project = () => ({ workspaceId, projectId: makeId("project", 1, randomBytes(16)) as ProjectId });
const workspace = { workspaceId, projectId: null };

function open() {
  const said: (HostLine & { readonly to: string })[] = [];
  const ledger = new EgressLedger({ say: (to, line) => void said.push({ to, ...line }), onChange: () => undefined });
  const told = (name: string) => said.findLast((line) => line.to === name && "told" in line);
  const granted = (name: string) =>
    said.reduce((sum, line) => sum + (line.to === name && "grant" in line ? line.bytes : 0), 0);
  /** It heard what it was told last, and counted so much. */
  const counts = (name: string, received: number, nowMs: number) => {
    const line = told(name);
    const heard = line && "told" in line ? line.told : 0;
    ledger.hear(name, { counted: { received, sent: 0 }, heard }, nowMs);
  };
  return { ledger, told, granted, counts };
}

describe("what proxies may pass on", () => {
  it("is nothing until somebody has said what holds, for the workspace and for the project", () => {
    const { ledger, told, granted } = open();
    const path = project();
    ledger.join("a", path);
    ledger.hear("a", { want: 1, way: "received", bytes: 10 }, 0);
    ledger.setLimit(workspace, null, 0);
    ledger.grant(1e6);
    expect([told("a"), granted("a")]).toEqual([undefined, 0]);
    ledger.setLimit(path, null, 0);
    expect(told("a")).toMatchObject({ isLimited: false, share: null });
  });

  it("is the project's rate and the workspace's, each way for itself, by virtual time", () => {
    const { ledger, granted } = open();
    const [one, two] = [project(), project()];
    ledger.setLimit(workspace, 100_000, 0);
    ledger.setLimit(one, 30_000, 0);
    ledger.setLimit(two, null, 0);
    ledger.join("one", one);
    ledger.join("two", two);
    let id = 0;
    const grantedOf: Record<string, number> = {};
    for (let nowMs = 0; nowMs <= 10_000; nowMs += 5) {
      for (const name of ["one", "two"]) {
        if (granted(name) === grantedOf[name] && nowMs > 0) continue;
        grantedOf[name] = granted(name);
        ledger.hear(name, { want: ++id, way: "received", bytes: 4096 }, nowMs);
      }
      ledger.grant(nowMs);
    }
    const ofOne = granted("one");
    expect(ofOne).toBeLessThanOrEqual(30_000 * 10 + burstOf(30_000));
    expect(ofOne).toBeGreaterThan(30_000 * 10 * 0.9);
    expect(ofOne + granted("two")).toBeLessThanOrEqual(100_000 * 10 + burstOf(100_000));
    expect(ofOne + granted("two")).toBeGreaterThan(100_000 * 10 * 0.9);
    ledger.hear("one", { want: ++id, way: "sent", bytes: 5 }, 10_000);
    ledger.grant(10_000);
    expect(granted("one")).toBe(ofOne + 5);
  });

  it("is shared so that they stay within every limit together when nobody can be asked", () => {
    const { ledger, told } = open();
    const [one, two] = [project(), project()];
    ledger.setLimit(workspace, 90_000, 0);
    ledger.setLimit(one, 40_000, 0);
    ledger.setLimit(two, null, 0);
    ledger.join("a", one);
    expect(told("a")).toMatchObject({ share: 40_000 });
    ledger.join("b", one);
    ledger.join("c", two);
    expect(["a", "b", "c"].map((name) => told(name))).toMatchObject([
      { share: 20_000 },
      { share: 20_000 },
      { share: 30_000 },
    ]);
    ledger.leave("b");
    expect(told("a")).toMatchObject({ share: 40_000 });
  });
});

describe("what proxies counted", () => {
  it("is kept when they are gone, and counted once of one that comes back", () => {
    const { ledger, counts } = open();
    const path = project();
    ledger.setLimit(workspace, null, 0);
    ledger.setLimit(path, null, 0);
    ledger.join("a", path);
    counts("a", 1000, 0);
    ledger.leave("a");
    ledger.join("b", path);
    counts("b", 50, 0);
    ledger.join("a", path);
    counts("a", 1500, 0);
    expect(ledger.standing(path).counted.received).toBe(1550);
    expect(ledger.standing(workspace).counted.received).toBe(1550);
  });

  it("shows when more passed than was allowed, whatever was granted", () => {
    const { ledger, counts } = open();
    const path = project();
    ledger.setLimit(workspace, null, 0);
    ledger.setLimit(path, 10_000, 0);
    ledger.join("a", path);
    counts("a", 5_000_000, 0); // Before it had heard of the limit.
    counts("a", 5_010_000, 1000);
    expect(ledger.standing(path)).toMatchObject({ rate: 10_000, proxies: 1, isHeard: true, isExceeded: false });
    counts("a", 5_100_000, 2000);
    expect(ledger.standing(path).isExceeded).toBe(true);
    expect(ledger.standing(workspace).isExceeded).toBe(false);
    ledger.setLimit(path, 20_000, 2000);
    expect(ledger.standing(path).isExceeded).toBe(false);
  });
});

it("is cut off when it asks for the same again, or for more at once than any program has connections", () => {
  const { ledger } = open();
  ledger.setLimit(workspace, 0, 0);
  ledger.join("a", workspace);
  const want = (id: number) => ledger.hear("a", { want: id, way: "sent", bytes: 1 }, 0);
  want(1);
  expect(() => want(1)).toThrow("the same again");
  ledger.hear("a", { leave: 1 }, 0);
  want(1);
  for (let id = 2; id <= 4096; id++) want(id);
  expect(() => want(5000)).toThrow("too much at once");
});
