import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { groupProblem } from "./group-access.ts";

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "qd-groups-"));
  mkdirSync(join(folder, "own"));
  writeFileSync(join(folder, "own/cgroup.subtree_control"), "");
});
afterEach(() => rmSync(folder, { recursive: true }));

const me = process.geteuid?.() ?? 0;
const somebody = 12_345;
const v2 = (uid: number, own: string | null = "/own") =>
  groupProblem({ mounts: { v2: { path: folder, root: "/" }, v1: {} }, own: { v2: own, v1: {} }, cgroups: "v2", uid });

it("finds nothing against groups that its user may write, and changes none of them", () => {
  expect(v2(me)).toBeNull();
  // Where a bridge that was given the group is itself.
  expect(v2(me, "/own/quarterdeck-bridge")).toBeNull();
  const mount = { path: folder, root: "/" };
  const own = { v2: null, v1: {} };
  expect(groupProblem({ mounts: { v2: null, v1: { memory: mount } }, own, cgroups: "v1", uid: me })).toBeNull();
});

it("asks for the user that the bridge runs as, whoever asks", () => {
  expect(v2(somebody)).toBe("EACCES");
  if (me !== 0) return;
  for (const path of ["own", "own/cgroup.subtree_control"]) chownSync(join(folder, path), somebody, somebody);
  expect(v2(somebody)).toBeNull();
  chmodSync(join(folder, "own"), 0o555);
  expect(v2(somebody)).toBe("EACCES");
});

it("says what the kernel says of groups that cannot be changed, or are not there", () => {
  expect(v2(me, null)).toBe("ENOENT");
  expect(v2(me, "/gone")).toBe("ENOENT");
  const mounts = { v2: null, v1: { memory: { path: "/proc", root: "/" } } };
  expect(groupProblem({ mounts, own: { v2: null, v1: {} }, cgroups: "v1", uid: somebody })).toBe("EACCES");
});
