import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ProjectId, RunId, WorkspaceId } from "@quarterdeck/core/ids";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { newId } from "../../test/fake-platform.ts";
import { plainContext } from "../../test/plain-context.ts";
import { DataDirectory } from "../data-directory.ts";
import { succeeded, type ActionContext, type Completion, type WorkspaceCommand } from "./action-context.ts";
import { projectRestore } from "./project-restore.ts";

const workspaceId = newId("workspace") as WorkspaceId;
const projectId = newId("project") as ProjectId;
const runId = newId("run") as RunId;

let data: DataDirectory;
let context: ActionContext;
beforeEach(() => {
  data = DataDirectory.open(mkdtempSync(join(tmpdir(), "qd-restore-")));
  context = plainContext(data);
  mkdirSync(workspace().home, { recursive: true });
  fill(workspace().project(projectId), "old");
  fill(workspace().unfinishedRestore(runId), "restored");
});
afterEach(() => rmSync(data.path, { recursive: true }));

const workspace = () => data.workspace(workspaceId);

function fill(directory: string, name: string): void {
  mkdirSync(directory, { recursive: true });
  writeFileSync(join(directory, name), name);
}

const complete = (replaces: boolean): Promise<Completion> =>
  projectRestore.complete(
    { workspaceId, projectId, runId, params: { archive: newId("run"), replaces } } as unknown as WorkspaceCommand,
    context,
    { completion: succeeded, tail: "" },
  );

const inProject = () => readdirSync(workspace().project(projectId));
const inProjects = () => readdirSync(workspace().projects);

describe("a restore whose bridge was killed", () => {
  it.each([
    ["before the first rename", (): void => undefined],
    ["between the two", () => renameSync(workspace().project(projectId), workspace().replacedProject(runId))],
    [
      "before the old directory was removed",
      () => {
        renameSync(workspace().project(projectId), workspace().replacedProject(runId));
        renameSync(workspace().unfinishedRestore(runId), workspace().project(projectId));
      },
    ],
    ["after everything", () => complete(true)],
  ] as const)("%s ends with the whole of it in place, and nothing beside", async (_, crash) => {
    await crash();
    expect(await complete(true)).toMatchObject({ verdict: "succeeded" });
    expect(inProject()).toEqual(["restored"]);
    expect(inProjects()).toEqual([projectId]);
  });

  it("and whose unpacked files are gone then puts back what was there", async () => {
    renameSync(workspace().project(projectId), workspace().replacedProject(runId));
    rmSync(workspace().unfinishedRestore(runId), { recursive: true });
    expect(await complete(true)).toMatchObject({ verdict: "failed", code: "ARCHIVE_FAILED" });
    expect(inProject()).toEqual(["old"]);
    expect(inProjects()).toEqual([projectId]);
  });
});

it("a restore that may replace nothing leaves what came into its place meanwhile", async () => {
  expect(await complete(false)).toMatchObject({ verdict: "refused", code: "CONFLICT" });
  expect(inProject()).toEqual(["old"]);
  expect(inProjects()).toEqual([projectId]);
  rmSync(workspace().project(projectId), { recursive: true });
  fill(workspace().unfinishedRestore(runId), "restored");
  expect(await complete(false)).toMatchObject({ verdict: "succeeded" });
  expect(inProject()).toEqual(["restored"]);
});

it("a restore that failed leaves the project as it was and nothing beside", async () => {
  const command = { workspaceId, projectId, runId, params: {} } as unknown as WorkspaceCommand;
  const failure = { verdict: "failed", code: null, message: null, repository: null } as const;
  const end = await projectRestore.complete(command, context, { completion: failure, tail: "why" });
  expect(end).toMatchObject({ verdict: "failed", code: "ARCHIVE_REFUSED", quote: "why" });
  expect(inProject()).toEqual(["old"]);
  expect(existsSync(workspace().unfinishedRestore(runId))).toBe(false);
});
