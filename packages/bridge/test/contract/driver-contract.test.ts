import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { ContractPlace } from "./contract-place.ts";
import { driverContract } from "./driver-contract.ts";

let place: ContractPlace;
beforeAll(async () => {
  place = await ContractPlace.open(join(import.meta.dirname, "../../src/wrapper.ts"));
});
afterAll(() => place[Symbol.asyncDispose]());

// Machines without systemd: the one that runs the tests. The others run the same from contract-main.ts.
describe("the driver of this machine", () => {
  it("makes groups", () => expect(place.driver.name).toBe("cgroup"));
  it.each(driverContract)("$name", async ({ check }) => {
    await expect(check(place)).resolves.toBeUndefined();
  });
});
