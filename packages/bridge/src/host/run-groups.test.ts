import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { expect, it } from "vitest";
import { newId } from "../../test/fake-platform.ts";
import type { WorkspaceCommand } from "../actions/action-context.ts";
import type { Driver } from "../drivers/driver.ts";
import { RunGroups } from "./run-groups.ts";

it("asks nobody for a group in a workspace that is frozen, whatever the driver knows of that", async () => {
  const asked: string[] = [];
  const groups = new RunGroups({
    driver: { openRun: async () => asked.push("group") } as unknown as Driver,
    groupLimits: { apply: async () => void asked.push("limits") },
    frozen: {
      admit: () => {
        throw new QuarterdeckError("NOT_READY", "It is frozen.");
      },
    },
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
    onEvidence: () => undefined,
  });
  const command = { runId: newId("run"), workspaceId: newId("workspace"), projectId: null } as WorkspaceCommand;
  await expect(groups.open(command)).rejects.toThrow("It is frozen.");
  expect(asked).toEqual([]);
});
