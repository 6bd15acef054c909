import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ProjectId, RunId, WorkspaceId } from "@quarterdeck/core/ids";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { newId } from "../../test/fake-platform.ts";
import { plainContext } from "../../test/plain-context.ts";
import { DataDirectory, WorkspaceDirectory } from "../data-directory.ts";
import { succeeded, type ActionContext, type Completion, type WorkspaceCommand } from "./action-context.ts";
import { putProjectsInPlace } from "./put-projects-in-place.ts";
import { workspaceRestore } from "./workspace-restore.ts";

const workspaceId = newId("workspace") as WorkspaceId;
const runId = newId("run") as RunId;
const [first, second, gone] = [newId("project"), newId("project"), newId("project")].toSorted() as [
  ProjectId,
  ProjectId,
  ProjectId,
];
const all = [first, second, gone];

let data: DataDirectory;
let context: ActionContext;
beforeEach(() => {
  data = DataDirectory.open(mkdtempSync(join(tmpdir(), "qd-places-")));
  context = plainContext(data);
  mkdirSync(workspace().home, { recursive: true });
  for (const projectId of [first, second]) fill(workspace().project(projectId), "old");
  for (const projectId of all) fill(join(unfinished(), projectId), "restored");
});
afterEach(() => rmSync(data.path, { recursive: true }));

const workspace = () => data.workspace(workspaceId);
const openFolders = () => ({ path: data.path, workspaces: data.workspaces, run: (id: RunId) => data.run(id) });
const unfinished = () => workspace().unfinishedRestore(runId);
const replaced = () => workspace().replacedProject(runId);
const inProject = (projectId: ProjectId) => {
  const path = workspace().project(projectId);
  return existsSync(path) ? readdirSync(path) : null;
};
const leftovers = () => readdirSync(workspace().projects).filter((name) => name.startsWith("."));

function fill(directory: string, name: string): void {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, name), name);
}

const command = (replaces: boolean) =>
  ({ workspaceId, projectId: null, runId, params: { archive: newId("run"), replaces } }) as unknown as WorkspaceCommand;
const put = (replaces: boolean): Promise<Completion | null> =>
  putProjectsInPlace(command(replaces), context, { replaces });

const begin = () => mkdirSync(replaced());
const takeAway = (projectId: ProjectId) => renameSync(workspace().project(projectId), join(replaced(), projectId));
const bring = (projectId: ProjectId) => renameSync(join(unfinished(), projectId), workspace().project(projectId));

describe("a restore of a workspace whose bridge was killed", () => {
  const steps = [
    begin,
    () => takeAway(first),
    () => bring(first),
    () => takeAway(second),
    () => bring(second),
    () => bring(gone),
    () => rmSync(replaced(), { recursive: true }),
  ];
  it.each(steps.map((_, done) => done))(
    "after %i steps ends with all of it in place, and nothing beside",
    async (done) => {
      for (const step of steps.slice(0, done)) step();
      expect(await put(true)).toBeNull();
      for (const projectId of all) expect(inProject(projectId)).toEqual(["restored"]);
      expect(leftovers()).toEqual([]);
    },
  );

  it("and whose unpacked files are gone says that nothing was restored", async () => {
    rmSync(unfinished(), { recursive: true });
    const end = await workspaceRestore.complete(command(true), context, { completion: succeeded, tail: "" });
    expect(end).toMatchObject({ verdict: "failed", code: "ARCHIVE_FAILED" });
    expect(all.map(inProject)).toEqual([["old"], ["old"], null]);
  });
});

class WithoutRoom extends WorkspaceDirectory {
  override project(projectId: ProjectId): string {
    return projectId === gone ? join(this.path, "nowhere", projectId) : super.project(projectId);
  }
}

it("when the last of them cannot be put in place, all are as they were", async () => {
  const narrow = { ...context, data: { ...openFolders(), workspace: () => new WithoutRoom(workspace().path) } };
  await expect(putProjectsInPlace(command(true), narrow, { replaces: true })).rejects.toThrow(/ENOENT/);
  expect(all.map(inProject)).toEqual([["old"], ["old"], null]);
  expect(leftovers()).toEqual([]);
});

it("a restore that may replace nothing restores nothing when a project came into its place meanwhile", async () => {
  for (const projectId of [first, second]) rmSync(workspace().project(projectId), { recursive: true });
  fill(workspace().project(second), "newer");
  expect(await put(false)).toMatchObject({ verdict: "refused", code: "CONFLICT" });
  expect(all.map(inProject)).toEqual([null, ["newer"], null]);
  expect(leftovers()).toEqual([]);
});

it("a restore that failed leaves every project as it was and nothing beside", async () => {
  const failure = { verdict: "failed", code: null, message: null, repository: null } as const;
  const end = await workspaceRestore.complete(command(true), context, { completion: failure, tail: "why" });
  expect(end).toMatchObject({ verdict: "failed", code: "ARCHIVE_REFUSED", quote: "why" });
  expect(all.map(inProject)).toEqual([["old"], ["old"], null]);
  expect(leftovers()).toEqual([]);
});
