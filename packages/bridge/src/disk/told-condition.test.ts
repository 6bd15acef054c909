import { expect, it } from "vitest";
import { ToldCondition } from "./told-condition.ts";

function bridge() {
  const state = { isFull: false, isOnline: false, news: [] as ("DISK_FULL" | null)[] };
  const condition = new ToldCondition({
    isFull: () => state.isFull,
    send({ blocked }) {
      if (state.isOnline) state.news.push(blocked);
      return state.isOnline;
    },
  });
  return { state, condition };
}

it("says after the welcome what changed since the hello, either way [F8]", () => {
  for (const isFull of [true, false]) {
    const { state, condition } = bridge();
    state.isFull = isFull;
    expect(condition.forHello()).toEqual(isFull ? { blocked: "DISK_FULL" } : {});
    state.isFull = !isFull;
    condition.tell();
    state.isOnline = true;
    condition.tell();
    expect(state.news).toEqual([isFull ? null : "DISK_FULL"]);
  }
});

it("says nothing that the hello, or an earlier word on the connection, has said", () => {
  const { state, condition } = bridge();
  state.isFull = true;
  condition.forHello();
  state.isOnline = true;
  condition.tell();
  expect(state.news).toEqual([]);
  state.isFull = false;
  condition.tell();
  condition.tell();
  expect(state.news).toEqual([null]);
});

it("begins anew with each hello", () => {
  const { state, condition } = bridge();
  condition.forHello();
  state.isOnline = true;
  state.isFull = true;
  condition.tell();
  expect(condition.forHello()).toEqual({ blocked: "DISK_FULL" });
  condition.tell();
  expect(state.news).toEqual(["DISK_FULL"]);
});
