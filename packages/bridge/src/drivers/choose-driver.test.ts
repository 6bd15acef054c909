import { expect, it } from "vitest";
import { chooseDriver, type MachineFacts } from "./choose-driver.ts";

const best: MachineFacts = {
  isRoot: true,
  hasSystemd: true,
  isContainer: false,
  cgroups: "v2",
  groupProblem: null,
  prefer: null,
};
const choose = (facts: Partial<MachineFacts>) => chooseDriver({ ...best, ...facts });

it.each([
  ["systemd with v2 and root", {}, "systemd"],
  ["systemd with v1", { cgroups: "v1" }, "cgroup"],
  ["no systemd", { hasSystemd: false }, "cgroup"],
  ["no root, but a group that was handed over", { isRoot: false }, "cgroup"],
  ["no root, and no group", { isRoot: false, groupProblem: "EACCES" }, "process"],
  ["root in a container whose groups are read-only", { hasSystemd: false, groupProblem: "EROFS" }, "process"],
  ["a systemd that does not answer", { groupProblem: "systemctl failed" }, "process"],
  ["no groups at all", { cgroups: "none" }, "process"],
  ["an owner who wants groups without systemd", { prefer: "cgroup" }, "cgroup"],
  ["an owner who wants none", { prefer: "process" }, "process"],
] as const)("takes, with %s, the driver that limits most", (_, facts, driver) => {
  expect(choose(facts).driver).toBe(driver);
});

it("says why nothing is limited, and what to do", () => {
  expect(choose({ isRoot: false, groupProblem: "EACCES" }).reason).toMatch(/EACCES.*Install the bridge as root/);
  expect(choose({ isContainer: true, groupProblem: "EROFS" }).reason).toMatch(/EROFS.*docker run --cpus/);
  expect(choose({ isContainer: true, cgroups: "none" }).reason).toMatch(/no control groups.*docker run --cpus/);
  expect(choose({ cgroups: "none" }).reason).toMatch(/no control groups.*Mount cgroup2/);
});
