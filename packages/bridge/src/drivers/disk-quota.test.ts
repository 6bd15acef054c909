import { mkdirSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeId } from "@quarterdeck/core/ids";
import { kibibyte, mebibyte } from "@quarterdeck/core/units";
import { afterEach, beforeEach, expect, it } from "vitest";
import { DiskQuota } from "./disk-quota.ts";
import { groupNode } from "./group-node.ts";
import { QuotaIds } from "./quota-ids.ts";
import type { QuotaSystem } from "./quota-system.ts";

const idOf = <K extends "workspace" | "project">(kind: K) => makeId(kind, 1, new Uint8Array(16));
const workspace = groupNode({ workspaceId: idOf("workspace"), projectId: null });
const project = groupNode({ workspaceId: idOf("workspace"), projectId: idOf("project") });
const user = { uid: process.getuid?.() ?? 0, gid: process.getgid?.() ?? 0 };

const workspaceUser = { uid: 1_880_000_001, gid: 1_880_000_001 };
/** A probe writes as the owner of a project, which is whoever runs the tests. */
const userOf = ({ projectId }: { projectId: string | null }) => (projectId === null ? workspaceUser : user);

/** A file system as its tools show it. What they print is what those of Debian 12 do. */
class FakeQuotas implements QuotaSystem {
  readonly usedKibibytes = new Map<string, number>();
  readonly calls: string[] = [];
  readonly #hardKibibytes = new Map<string, number>();
  readonly #numbers = new Map<string, string>();
  missing = "";
  takesLimits = true;
  refusesWrites = true;

  findMount() {
    return { path: "/srv", hasProjectQuota: true, hasUserQuota: true };
  }

  isInstalled(tool: string) {
    return tool !== this.missing;
  }

  readonly run: QuotaSystem["run"] = async (name, args) => {
    this.calls.push([name, ...args].join(" "));
    const said = { isSuccess: true, stdout: "", stderr: "" };
    const [option = "", first = ""] = args;
    if (name === "repquota") return { ...said, stdout: this.#report(option) };
    if (name === "setquota" && this.takesLimits) this.#hardKibibytes.set(`${option} ${first}`, Number(args[3]));
    if (name === "chattr" && option === "-R") this.#numbers.set(args.at(-1) ?? "", args[2] ?? "");
    if (name === "lsattr") {
      const folder = args.at(-1) ?? "";
      const number = this.#numbers.get(folder);
      return { ...said, stdout: `${number ?? "0"} --------------e----${number ? "P" : "-"}-- ${folder}\n` };
    }
    if (name === "dd" && this.refusesWrites)
      return { isSuccess: false, stdout: "", stderr: "dd: error writing 'file': Disk quota exceeded\n" };
    return said;
  };

  #report(option: string): string {
    const names = new Set([...this.usedKibibytes.keys(), ...this.#hardKibibytes.keys()]);
    const lines = [...names]
      .filter((name) => name.startsWith(`${option} `))
      .map((name) => {
        const [used, hard] = [this.usedKibibytes.get(name) ?? 0, this.#hardKibibytes.get(name) ?? 0];
        return `#${name.split(" ")[1]?.padEnd(9)} --  ${String(used).padStart(7)}       0 ${String(hard).padStart(7)}              3     0     0       `;
      });
    const kind = option === "-P" ? "Project" : "User   ";
    return `*** Report for ${kind.trim().toLowerCase()} quotas on device /dev/vda
Block grace time: 7days; Inode grace time: 7days
                        Block limits                File limits
${kind}         used    soft    hard  grace    used  soft  hard  grace
----------------------------------------------------------------------
#0        --  581924       0       0          22873     0     0       
${lines.join("\n")}

`;
  }
}

let folder: string;
let system: FakeQuotas;
let ids: QuotaIds;
let quota: DiskQuota;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "qd-quota-"));
  mkdirSync(join(folder, "project"));
  system = new FakeQuotas();
  ids = new QuotaIds(join(folder, "ids.json"));
  const folderOf = ({ projectId }: { projectId: string | null }) =>
    projectId === null ? folder : join(folder, "project");
  quota = new DiskQuota({ folderOf, userOf, ids, nowMs: () => 0, system }, true);
});
afterEach(() => rmSync(folder, { recursive: true }));

const numberOf = () => ids.find(project.projectId ?? "")?.id;

it("counts a project's folder under a number, limits that, and says what the file system then names", async () => {
  expect(await quota.apply(project, 64 * mebibyte + 100)).toEqual({
    actual: 64 * mebibyte,
    state: "enforced",
    source: `repquota -P /srv #${numberOf()}; a write beyond a quota was refused`,
  });
  expect(system.calls).toContain(`chattr -R -p ${numberOf()} ${join(folder, "project")}`);
  const before = system.calls.length;
  await quota.apply(project, 64 * mebibyte + 100);
  const again = system.calls.slice(before).map((call) => call.split(" ")[0]);
  expect(again).not.toContain("setquota");
  expect(again).not.toContain("chattr");
  expect(await quota.apply(project, null)).toMatchObject({ actual: null, state: "enforced" });
});

it("says so where the file system names another limit than what was set", async () => {
  system.takesLimits = false;
  expect(await quota.apply(project, mebibyte)).toMatchObject({ actual: null, state: "mismatch" });
});

it("does not call a limit enforced beyond which something could be written", async () => {
  system.refusesWrites = false;
  const found = await quota.apply(project, mebibyte);
  expect(found).toMatchObject({ actual: null, state: "measured" });
  expect(found.source).toContain("a write beyond a quota was not refused");
});

it("tells what a project takes by its number once its files count under it, and what a workspace takes by its user", async () => {
  expect(await quota.used(project)).toBeNull();
  await quota.apply(project, mebibyte);
  expect(await quota.used(project)).toBe(0);
  system.usedKibibytes.set(`-P ${numberOf()}`, 52).set(`-u ${workspaceUser.uid}`, 4096);
  expect(await quota.used(project)).toBe(52 * kibibyte);
  expect(await quota.used(workspace)).toBe(4096 * kibibyte);
});

it("says which tool is missing, and asks for no number then", async () => {
  system.missing = "repquota";
  expect(await quota.apply(project, mebibyte)).toMatchObject({
    state: "measured",
    source: expect.stringMatching(/^repquota is not installed/) as string,
  });
  expect(await quota.used(project)).toBeNull();
  expect(system.calls).toEqual([]);
});
