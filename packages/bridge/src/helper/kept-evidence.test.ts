import type { ProjectId } from "@quarterdeck/core/ids";
import type { LimitEvidence } from "@quarterdeck/core/protocol/limit-evidence";
import { expect, it } from "vitest";
import { newId } from "../../test/fake-platform.ts";
import { KeptEvidence } from "./kept-evidence.ts";

function item(node: ProjectId, resource: LimitEvidence["resource"], actual: number): LimitEvidence {
  return { node, resource, wanted: 1, actual, state: "enforced", source: "cpu.max", atMs: 1 };
}

it("keeps of each limit the newest word, and of too many those that were read last", () => {
  const [a, b, c] = [newId("project"), newId("project"), newId("project")] as [ProjectId, ProjectId, ProjectId];
  const kept = new KeptEvidence(3);
  kept.add([item(a, "cpu", 1), item(a, "memory", 1), item(b, "cpu", 1)]);
  kept.add([item(a, "cpu", 2)]);
  expect(kept.all()).toEqual([item(a, "memory", 1), item(b, "cpu", 1), item(a, "cpu", 2)]);
  kept.add([item(c, "cpu", 1)]);
  expect(kept.all()).toEqual([item(b, "cpu", 1), item(a, "cpu", 2), item(c, "cpu", 1)]);
});
