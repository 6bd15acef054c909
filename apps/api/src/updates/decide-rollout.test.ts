import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { ServerId } from "@quarterdeck/core/ids";
import { decideRollout, groupSize, type RolloutMember, type RolloutStep } from "./decide-rollout.ts";
import type { UpdateState } from "./views.ts";

const times = { settleMs: 100, answerMs: 1000 };
const version = "2.0.0";

function member(name: string, change: Partial<RolloutMember> = {}): RolloutMember {
  return {
    serverId: name as ServerId,
    name,
    state: "waiting",
    sentAtMs: null,
    reportedAtMs: null,
    message: null,
    status: "online",
    isRevoked: false,
    runningVersion: "1.0.0",
    ...change,
  };
}

const updated = (name: string) => member(name, { state: "updated", runningVersion: version });
const decide = (members: RolloutMember[], nowMs = 0) => decideRollout(members, { version, nowMs, times });
const sent = (steps: readonly RolloutStep[]) => steps.flatMap((step) => (step.kind === "send" ? [step.serverId] : []));

describe("a rollout", () => {
  it("begins with the first server alone, and waits for it", () => {
    const all = [member("a"), member("b"), member("c")];
    expect(sent(decide(all).steps)).toEqual(["a"]);
    expect(decide([member("a", { state: "sent", sentAtMs: 0 }), member("b")])).toEqual({
      steps: [],
      lookAgainAtMs: 1000,
    });
    const settling = member("a", { state: "settling", sentAtMs: 0, reportedAtMs: 10, runningVersion: version });
    expect(decide([settling, member("b")], 109)).toEqual({ steps: [], lookAgainAtMs: 110 });
  });

  it("goes on in small groups when the first one stayed healthy for a while", () => {
    const first = member("a", { state: "settling", sentAtMs: 0, reportedAtMs: 10, runningVersion: version });
    const rest = Array.from({ length: 9 }, (_, index) => member(`b${index}`));
    const { steps } = decide([first, ...rest], 110);
    expect(steps[0]).toEqual({ kind: "mark", serverId: "a", state: "updated", message: null });
    expect(sent(steps)).toEqual(rest.slice(0, groupSize).map(({ serverId }) => serverId));
  });

  it("sends nothing more after a failure, ends what is under way, and says why", () => {
    const failed = member("b", { state: "failed", message: "It ended with code 9." });
    const going = member("c", { state: "sent", sentAtMs: 0 });
    expect(decide([updated("a"), failed, going, member("d")]).steps).toEqual([
      { kind: "mark", serverId: "d", state: "skipped", message: "Not tried, because the update of b failed." },
    ]);
    expect(decide([updated("a"), failed, updated("c")]).steps).toEqual([
      { kind: "end", state: "stopped", reason: "b: It ended with code 9." },
    ]);
  });

  it("passes over servers that are away at their turn, or have the version; the next one is then the first", () => {
    const { steps } = decide([
      member("a", { status: "offline" }),
      member("b", { runningVersion: version }),
      member("c"),
      member("d"),
    ]);
    expect(steps).toMatchObject([
      { serverId: "a", state: "skipped" },
      { serverId: "b", state: "skipped" },
      { kind: "send", serverId: "c" },
    ]);
  });

  it("sends nothing to a server that was removed meanwhile, although its last word was that it is connected [W2]", () => {
    const { steps } = decide([member("a", { isRevoked: true }), member("b")]);
    expect(steps).toEqual([
      { kind: "mark", serverId: "a", state: "skipped", message: "It was removed." },
      { kind: "send", serverId: "b" },
    ]);
  });

  it("calls an update failed that went quiet, went away, or came back as another version", () => {
    const settling = { state: "settling", sentAtMs: 0, reportedAtMs: 10 } as const;
    const messageAt = (change: Partial<RolloutMember>, nowMs: number) =>
      decide([member("a", change)], nowMs).steps.find((step) => step.kind === "mark");
    expect(messageAt({ state: "sent", sentAtMs: 0 }, 1000)).toMatchObject({
      state: "failed",
      message: expect.stringMatching(/did not say/),
    });
    expect(messageAt({ ...settling, runningVersion: "1.0.0" }, 110)).toMatchObject({
      state: "failed",
      message: expect.stringMatching(/1\.0\.0/),
    });
    const away = { ...settling, status: "offline", runningVersion: version } as const;
    expect(messageAt(away, 110)).toBeUndefined();
    expect(messageAt(away, 1110)).toMatchObject({ state: "failed", message: expect.stringMatching(/went away/) });
  });

  it("comes to an end whatever the servers do, never has more than a group under way, and one until the first is confirmed", () => {
    const fates = fc.array(fc.constantFrom("works", "fails", "silent", "away"), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(fates, (all) => {
        let members = all.map((fate, index) => member(`s${index}`, fate === "away" ? { status: "offline" } : {}));
        for (let nowMs = 0, rounds = 0; ; rounds++) {
          expect(rounds).toBeLessThan(200);
          const { steps, lookAgainAtMs } = decide(members, nowMs);
          const set = (id: ServerId, change: Partial<RolloutMember>) =>
            (members = members.map((one) => (one.serverId === id ? { ...one, ...change } : one)));
          for (const step of steps) {
            if (step.kind === "mark") set(step.serverId, { state: step.state, message: step.message });
            if (step.kind === "send") set(step.serverId, { state: "sent", sentAtMs: nowMs });
          }
          const count = (...states: UpdateState[]) => members.filter(({ state }) => states.includes(state)).length;
          expect(count("sent", "settling")).toBeLessThanOrEqual(count("updated") > 0 ? groupSize : 1);
          const end = steps.find((step) => step.kind === "end");
          if (end) {
            expect(count("waiting", "sent", "settling")).toBe(0);
            expect(end).toMatchObject({ state: count("failed") > 0 ? "stopped" : "completed" });
            return;
          }
          members = members.map((one, index) => {
            if (one.state !== "sent" || all[index] === "silent") return one;
            return all[index] === "fails"
              ? { ...one, state: "failed", message: "no" }
              : { ...one, state: "settling", reportedAtMs: nowMs, runningVersion: version };
          });
          if (lookAgainAtMs !== null) nowMs = lookAgainAtMs;
        }
      }),
    );
  });
});
