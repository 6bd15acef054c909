import { describe, expect, it } from "vitest";
import { exitCodeOf, findingLine, good, missing, weaker } from "./finding.ts";
import { judgeMachine, judgeService, judgeUser, judgeVersions } from "./judge-machine.ts";
import { judgePolicy } from "./judge-policy.ts";
import { judgeDriver, judgeSandbox, judgeTrialUser, judgeWithoutSystemd } from "./judge-surroundings.ts";
import { findFileSystem, type MachineFacts } from "./machine-facts.ts";
import { parseService } from "./service-facts.ts";

const best: MachineFacts = {
  kernelRelease: "6.1.0-30-cloud-amd64",
  cgroup: { version: 2, controllers: ["cpuset", "cpu", "io", "memory", "pids"] },
  namespaceBans: [],
  hasPressure: true,
  isContainer: false,
  isSystemd: true,
  fileSystem: { mountPoint: "/", type: "ext4", options: ["rw", "usrquota", "prjquota"] },
  missingQuotaTools: [],
};

const notGood = (facts: Partial<MachineFacts>) =>
  judgeMachine({ ...best, ...facts }).filter(({ level }) => level !== "good");

describe("what the doctor says of a machine", () => {
  it("is nothing to mend where everything is there", () => {
    expect(notGood({})).toEqual([]);
    expect(exitCodeOf(judgeMachine(best))).toBe(0);
  });

  it.each<[string, Partial<MachineFacts>, RegExp]>([
    ["an old kernel", { kernelRelease: "4.18.0-553.el8" }, /update the kernel/],
    ["the edge of what is too old", { kernelRelease: "5.9.1" }, /update the kernel/],
    ["cgroup v1", { cgroup: { version: 1, controllers: ["cpu", "memory"] } }, /systemd\.unified_cgroup_hierarchy=1/],
    ["no cgroups in a container", { cgroup: { version: 0, controllers: [] }, isContainer: true }, /docker run/],
    ["a missing controller", { cgroup: { version: 2, controllers: ["cpu", "pids", "io"] } }, /lacks memory/],
    ["forbidden namespaces", { namespaceBans: ["user.max_user_namespaces=15000"] }, /sysctl -w user\.max/],
    ["no pressure", { hasPressure: false }, /psi=1/],
    ["ext4 without quota", { fileSystem: { mountPoint: "/", type: "ext4", options: ["rw"] } }, /tune2fs/],
    ["quota without its tools", { missingQuotaTools: ["setquota", "repquota"] }, /setquota, repquota not installed/],
    [
      "quota of projects alone",
      { fileSystem: { mountPoint: "/", type: "ext4", options: ["rw", "prjquota"] } },
      /with usrquota too/,
    ],
    ["xfs without quota", { fileSystem: { mountPoint: "/srv", type: "xfs", options: ["rw"] } }, /mount \/srv/],
    ["another file system", { fileSystem: { mountPoint: "/", type: "btrfs", options: ["rw"] } }, /needs ext4 or xfs/],
  ])("names what is weaker and how to mend it: %s", (_name, facts, text) => {
    const findings = notGood(facts);
    expect(findings).toEqual([{ level: "weaker", text: expect.stringMatching(text) }]);
    expect(exitCodeOf(findings)).toBe(3);
  });

  it("is fine with the oldest kernel that has everything", () => {
    expect(notGood({ kernelRelease: "5.10.0" })).toEqual([]);
  });
});

it("tells by its exit code the worst that it found", () => {
  expect(exitCodeOf([])).toBe(0);
  expect(exitCodeOf([good("a"), weaker("b")])).toBe(3);
  expect(exitCodeOf([missing("a"), weaker("b"), good("c")])).toBe(1);
  expect([good("a"), weaker("b"), missing("c")].map(findingLine)).toEqual(["ok       a", "weaker   b", "missing  c"]);
});

it("knows the file system that a path is on", () => {
  const mountInfo = [
    "25 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,prjquota",
    "30 25 0:26 / /var/lib rw - xfs /dev/vdb rw,prjquota",
    "31 25 0:27 / /var/lib/with\\040space rw - tmpfs tmpfs rw",
    "32 25 0:28 / /var/libelle rw - tmpfs tmpfs rw",
    "",
  ].join("\n");
  const at = (path: string) => findFileSystem(mountInfo, path)?.mountPoint;
  expect(at("/srv")).toBe("/");
  expect(at("/var/lib/quarterdeck-bridge")).toBe("/var/lib");
  expect(at("/var/lib/with space/x")).toBe("/var/lib/with space");
  expect(at("/var/libelle")).toBe("/var/libelle");
  expect(findFileSystem(mountInfo, "/srv")).toEqual({ mountPoint: "/", type: "ext4", options: ["rw", "prjquota"] });
  expect(findFileSystem("nonsense", "/")).toBeNull();
});

it.each([
  ["LoadState=not-found\nActiveState=inactive\nUnitFileState=\n", "weaker", /not installed/],
  ["LoadState=loaded\nActiveState=failed\nUnitFileState=enabled\n", "missing", /journalctl -u/],
  ["LoadState=loaded\nActiveState=activating\nUnitFileState=enabled\n", "missing", /systemctl restart/],
  ["LoadState=loaded\nActiveState=active\nUnitFileState=disabled\n", "weaker", /systemctl enable/],
  ["LoadState=loaded\nActiveState=active\nUnitFileState=enabled\n", "good", /starts with the system/],
])("judges a service by what systemd says: %j", (printed, level, text) => {
  expect(judgeService(parseService("quarterdeck-bridge.service", printed))).toEqual({
    level,
    text: expect.stringMatching(text),
  });
});

it("advises against a bridge of root's", () => {
  expect(judgeUser(0)).toMatchObject({ level: "weaker", text: expect.stringMatching(/a user of its own/) });
  expect(judgeUser(998)).toMatchObject({ level: "good" });
});

it("says when an update of the bridge left the installed package behind", () => {
  expect(judgeVersions({ installed: null, running: "1.0.0" }).level).toBe("good");
  expect(judgeVersions({ installed: "1.0.0", running: "1.0.0" }).level).toBe("good");
  expect(judgeVersions({ installed: "1.0.0", running: "1.1.0" })).toMatchObject({ level: "weaker" });
});

it("says who limits runs, and of a machine where nobody does why; an owner who wants none has nothing to mend", () => {
  const reason = "No control groups can be made here.";
  expect(judgeDriver({ driver: "cgroup", reason: "r" }, { isWanted: false })).toEqual(good("r"));
  expect(judgeDriver({ driver: "process", reason }, { isWanted: false })).toEqual(weaker(reason));
  expect(judgeDriver({ driver: "process", reason }, { isWanted: true })).toEqual(good(reason));
});

it("says nothing good of a sandbox that is none", () => {
  const facts = { reason: null, workspaceUsers: false, network: "shared", networkReason: null } as const;
  expect(judgeSandbox({ isolation: "hidden", reason: null, facts }).map(({ level }) => level)).toEqual(
    Array(3).fill("good"),
  );
  expect(judgeSandbox({ isolation: "missing", reason: "it broke.", facts })).toEqual([
    { level: "missing", text: expect.stringMatching(/^no isolation: it broke\. .*--consent-no-isolation$/) },
  ]);
});

it("asks for whoever starts the bridge where systemd does not, but not in a container", () => {
  expect(judgeWithoutSystemd({ isContainer: false })).toMatchObject({ level: "weaker" });
  expect(judgeWithoutSystemd({ isContainer: true })).toMatchObject({ level: "good" });
  expect(judgeTrialUser(1000)).toEqual({ level: "weaker", text: expect.stringContaining("--reuid 1000") });
});

describe("what the doctor says of the policy", () => {
  const policy = { path: "/p", hash: "h", rules: {}, lines: new Map() };
  const facts = { path: "/p", isRequired: false, read: policy, changerUid: 0, ruleCount: 2 } as const;
  it.each([
    ["in force, root's", {}, "good", /in force with 2 rules; only root/],
    ["in force, the bridge's own user's", { changerUid: 998 }, "weaker", /number 998 .*chown root \/p/],
    ["one rule", { ruleCount: 1 }, "good", /with 1 rule;/],
    ["not there", { read: null }, "good", /no policy: nothing is forbidden/],
    ["named and not there", { read: null, isRequired: true }, "missing", /everything is refused/],
    ["with a mistake", { read: { problem: "/p line 3: no." } }, "missing", /cannot be used.*\/p line 3: no\./],
  ])("that is %s", (_name, changed, level, text) => {
    expect(judgePolicy({ ...facts, ...changed })).toEqual({ level, text: expect.stringMatching(text) });
  });
});
