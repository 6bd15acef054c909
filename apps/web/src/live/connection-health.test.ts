import { makeId } from "@quarterdeck/core/ids";
import { expect, it } from "vitest";
import { ConnectionHealth } from "./connection-health.ts";

const serverId = makeId("server", 1, new Uint8Array(16));

it("counts a loss from its first connection to the return of the last", () => {
  const health = new ConnectionHealth();
  health.lost("platform", 1000);
  health.lost(serverId, 1500);
  health.lost("platform", 1700);
  health.back("platform", 4000);
  expect(health.current()).toEqual({ state: "lost", sinceMs: 1000, peers: [serverId] });
  health.back(serverId, 5000);
  expect(health.current()).toEqual({ state: "back", lostAtMs: 1000, backAtMs: 5000 });
  health.dismiss();
  expect(health.current()).toEqual({ state: "well" });
});

it("says nothing of a loss that nobody could notice", () => {
  const health = new ConnectionHealth();
  health.lost("platform", 1000);
  health.back("platform", 1200);
  expect(health.current()).toEqual({ state: "well" });
});
