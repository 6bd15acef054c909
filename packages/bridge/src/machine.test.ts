import { gibibyte, mebibyte } from "@quarterdeck/core/units";
import { expect, it } from "vitest";
import { bridgeFeatures } from "@quarterdeck/core/protocol/features";
import { actionNames } from "@quarterdeck/core/actions/catalogue";
import type { HostFacts } from "./host/execution-host.ts";
import { offeredCapacity, readCapabilities } from "./machine.ts";

it("keeps a twentieth of the machine, and at least what the system and the bridge need, from runs", () => {
  expect(offeredCapacity({ cpu: 16_000, memory: 64 * gibibyte, runs: 32 })).toEqual({
    cpu: 15_200,
    memory: 64 * gibibyte - Math.ceil(64 * gibibyte * 0.05),
    runs: 32,
  });
  expect(offeredCapacity({ cpu: 1000, memory: gibibyte, runs: 4 })).toEqual({
    cpu: 950,
    memory: gibibyte - 256 * mebibyte,
    runs: 4,
  });
});

it("offers half of the memory of a very small machine", () => {
  expect(offeredCapacity({ cpu: 1000, memory: 256 * mebibyte, runs: 4 }).memory).toBe(128 * mebibyte);
});

const facts: HostFacts = {
  isolation: "hidden",
  reason: null,
  sandbox: { reason: null, workspaceUsers: true, network: "own", networkReason: null },
  driver: "systemd",
  driverReason: "systemd is there.",
  limited: [],
  programs: [],
  actions: actionNames.filter((name) => name !== "task.cancel" && name !== "bridge.update"),
  features: bridgeFeatures,
};

it("offers what it knows itself, where who reads the commands knows all of it", () => {
  const { actions, features } = readCapabilities({ facts, hasLauncher: true });
  expect([actions, features]).toEqual([[...actionNames], [...bridgeFeatures]]);
  expect(readCapabilities({ facts, hasLauncher: false }).actions).not.toContain("bridge.update");
});

it("offers nothing that a helper from before an update would refuse, and nothing of a newer one that it does not know", () => {
  const older = {
    ...facts,
    actions: facts.actions.filter((name) => name !== "workspace.restore").concat("something.new"),
    features: ["leases", "somethingNew"],
  };
  const { actions, features } = readCapabilities({ facts: older, hasLauncher: true });
  expect(features).toEqual(["leases"]);
  expect(actions).toEqual(actionNames.filter((name) => name !== "workspace.restore"));
});
