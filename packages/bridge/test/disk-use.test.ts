import { createHash } from "node:crypto";
import { chownSync, mkdirSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import type { ProjectId } from "@quarterdeck/core/ids";
import { splitReadings } from "@quarterdeck/core/protocol/compact-readings";
import { decodeWorkspaces, projectKey } from "@quarterdeck/core/protocol/workspace-readings";
import { mebibyte } from "@quarterdeck/core/units";
import { expect, it } from "vitest";
import { removeBase } from "./contract/remove-base.ts";
import { newId } from "./fake-platform.ts";
import { CapturedDaemon, HelperProcess } from "./helper-process.ts";
import { ordinaryUser } from "./ordinary-user.ts";
import { RealBridge } from "./real-bridge.ts";

const user = ordinaryUser();

interface Usage {
  readonly projectId: ProjectId | null;
  readonly runId: string | null;
  readonly disk: number | null;
}

it("the helper measures what its daemon cannot read: telemetry has the disk use of workspace and project", async () => {
  const helper = new HelperProcess(user?.gid, { QUARTERDECK_DRIVER: "cgroup" });
  await using groups = new AsyncDisposableStack();
  await using bridge = await RealBridge.start({ helper, user });
  const { relay, data } = bridge;
  const groupName = `quarterdeck-${createHash("sha256").update(data.path).digest("hex").slice(0, 12)}`;
  groups.defer(() => removeBase("cgroup", { groupName, sliceName: "" }));
  const { workspaceId } = relay.platform;
  const workspace = data.workspace(workspaceId);
  expect(await relay.run({ action: "workspace.create" })).toMatchObject({ verdict: "succeeded" });
  const projectId = newId("project") as ProjectId;
  const project = workspace.project(projectId);
  mkdirSync(project, { mode: 0o700 });
  const { uid, gid } = statSync(workspace.home);
  chownSync(project, uid, gid);
  writeFileSync(join(project, "large"), Buffer.alloc(3 * mebibyte, 1));
  writeFileSync(join(workspace.home, "cache"), Buffer.alloc(mebibyte, 1));
  const echo = { action: "exec", params: { program: "echo", args: ["x"] }, projectId } as const;
  expect(await relay.run(echo)).toMatchObject({ verdict: "succeeded" });

  relay.watch({ telemetry: true });
  const newest = () =>
    relay.frames
      .flatMap((frame) =>
        frame.type === "telemetry" ? decodeWorkspaces(splitReadings(frame.readings).workspaces) : [],
      )
      .findLast((reading) => reading.workspaceId === workspaceId && reading.disk !== null);
  await relay.changes.until(() => newest() !== undefined, "a reading with the disk");
  relay.watch({});
  const reading = newest()!;
  const measured = reading.projects.find((each) => each.project === projectKey(projectId))?.disk ?? 0;
  expect(measured).toBeGreaterThanOrEqual(3 * mebibyte);
  expect(measured).toBeLessThan(4 * mebibyte);
  expect(reading.disk! - measured).toBeGreaterThanOrEqual(mebibyte);

  // The same by the verb itself, with nothing in it that the daemon did not know: no path, no name.
  using captured = await CapturedDaemon.connect(helper.socketPath);
  const usage = await captured.ask<Usage[]>("usage");
  expect(usage.find((group) => group.projectId === projectId && group.runId === null)?.disk).toBe(measured);
  expect(usage.filter(({ runId }) => runId !== null).every(({ disk }) => disk === null)).toBe(true);
  expect(JSON.stringify(usage)).not.toContain("large");
});
