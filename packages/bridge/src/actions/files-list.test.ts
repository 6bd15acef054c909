import {
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
  chmodSync,
  chownSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ProjectId, RunId, WorkspaceId } from "@quarterdeck/core/ids";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { plainContext } from "../../test/plain-context.ts";
import { newId } from "../../test/fake-platform.ts";
import { DataDirectory } from "../data-directory.ts";
import type { ActionContext, WorkspaceCommand } from "./action-context.ts";
import { filesList } from "./files-list.ts";

const isRoot = process.getuid?.() === 0;
/** A user of nobody's; where the test is not root, its own. */
const user = isRoot ? { uid: 1_900_000_001, gid: 1_900_000_001 } : { uid: process.getuid!(), gid: process.getgid!() };
const root = mkdtempSync(join(tmpdir(), "qd-files-"));
const data = DataDirectory.open(root);
const workspaceId = newId("workspace") as WorkspaceId;
const projectId = newId("project") as ProjectId;
const runId = newId("run") as RunId;
const project = data.workspace(workspaceId).project(projectId);
const users: number[] = [];
const context: ActionContext = {
  ...plainContext(data),
  users: { of: () => user },
  sandbox: {
    isolation: "hidden",
    reason: null,
    // A sandbox that hides nothing: what is left is who looks.
    wrap(call, place) {
      users.push(place.user?.uid ?? 0);
      return place.user ? { ...call, user: place.user } : call;
    },
  },
};

beforeAll(() => {
  mkdirSync(project, { recursive: true });
  mkdirSync(data.run(runId).path);
  writeFileSync(join(project, "a.txt"), "12345");
  mkdirSync(join(project, "src"));
  mkdirSync(join(project, "locked"), { mode: 0o700 });
  writeFileSync(join(project, "locked/secret"), "");
  symlinkSync("/etc", join(project, "out"));
  for (const path of [project, join(project, "src"), join(project, "a.txt")]) chownSync(path, user.uid, user.gid);
  for (const path of [root, data.workspaces, data.workspace(workspaceId).path, data.workspace(workspaceId).projects])
    chmodSync(path, 0o711);
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

async function list(path: string) {
  const command = { workspaceId, projectId, runId, params: { path } } as unknown as WorkspaceCommand;
  const own = { runId, directory: data.run(runId), signal: new AbortController().signal };
  const { verdict, code } = await filesList.run(command, context, own);
  return verdict === "succeeded"
    ? (JSON.parse(readFileSync(own.directory.output, "utf8")) as { path: string; entries: { name: string }[] })
    : code;
}

describe("a listing in a workspace that has a user of its own", () => {
  it("is made by that user, and says the same", async () => {
    expect(await list("")).toMatchObject({
      path: "",
      isCut: false,
      entries: [
        { name: "locked", kind: "directory" },
        { name: "src", kind: "directory" },
        { name: "a.txt", kind: "file", sizeBytes: 5 },
        { name: "out", kind: "symlink", sizeBytes: null },
      ],
    });
    expect(users).toEqual([user.uid]);
  });

  it("shows nothing that the user may not read, and nothing behind a link out of the project [S6]", async () => {
    expect(await list("out")).toBe("NOT_FOUND");
    expect(await list("nothing")).toBe("NOT_FOUND");
    if (isRoot) expect(await list("locked")).toBe("NOT_FOUND");
  });
});
