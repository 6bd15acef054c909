import { chmodSync, lstatSync, mkdirSync, mkdtempSync, rmSync, statSync, symlinkSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { idSchema } from "@quarterdeck/core/ids";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { makeOwnFolder } from "./own-folder.ts";
import { hasWorkspaceIds, indexOfUser, WorkspaceUsers } from "./workspace-users.ts";

const workspace = (letter: string) => idSchema("workspace").parse(`ws_${letter.repeat(26)}`);
let folder: string;
beforeEach(() => (folder = mkdtempSync(join(tmpdir(), "qd-users-"))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

describe("users of workspaces", () => {
  it("are different ones, stay the same after a restart, and are never given again [S7]", () => {
    const file = join(folder, "users.json");
    const users = WorkspaceUsers.open(file, "/data");
    const first = users.of(workspace("1"));
    const second = users.of(workspace("2"));
    expect(second.uid).not.toBe(first.uid);
    expect(users.of(workspace("1"))).toEqual(first);
    const again = WorkspaceUsers.open(file, "/data");
    expect(again.of(workspace("2"))).toEqual(second);
    expect(again.of(workspace("3")).uid).toBe(second.uid + 1);
  });

  it("are others for another bridge of the machine, and none of the machine's own", () => {
    const [first, second] = ["/data", "/other"].map((path) =>
      WorkspaceUsers.open(join(folder, path.slice(1)), path).of(workspace("1")),
    );
    expect(second?.uid).not.toBe(first?.uid);
    for (const { uid, gid } of [first, second].flatMap((user) => user ?? [])) {
      expect(gid).toBe(uid);
      expect(uid).toBeGreaterThanOrEqual(1_880_000_000);
      expect(uid).toBeLessThan(2 ** 31);
      expect(indexOfUser({ uid, gid })).toBe(1);
    }
  });

  it("exist only where the machine has all ids", () => {
    expect(hasWorkspaceIds("         0          0 4294967295\n")).toBe(true);
    expect(hasWorkspaceIds("         0     100000      65536\n")).toBe(false);
    expect(hasWorkspaceIds("")).toBe(false);
  });
});

describe("a workspace's folder", () => {
  // Only root can give a folder away.
  const isRoot = process.getuid?.() === 0;
  const user = isRoot
    ? { uid: 1_999_999_999, gid: 1_999_999_999 }
    : { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

  it("is its user's alone [S6]", () => {
    const path = join(folder, "own");
    mkdirSync(path);
    chmodSync(path, 0o755);
    makeOwnFolder(path, user);
    expect(statSync(path)).toMatchObject({ ...user, mode: 0o40700 });
  });

  it("is not made through a link, whose target would get another owner [S6]", () => {
    const [target, link] = [join(folder, "target"), join(folder, "link")];
    mkdirSync(target);
    symlinkSync(target, link);
    expect(() => makeOwnFolder(link, user)).toThrow(/ENOTDIR|ELOOP/);
    expect(lstatSync(target).uid).toBe(process.getuid?.());
  });
});
