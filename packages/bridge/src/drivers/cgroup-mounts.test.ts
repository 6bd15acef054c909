import { describe, expect, it } from "vitest";
import { groupDirectory, parseCgroupMounts, parseOwnGroups } from "./cgroup-mounts.ts";

const v2Only = "24 1 0:21 / /sys/fs/cgroup rw,nosuid shared:4 - cgroup2 cgroup2 rw,nsdelegate";
const hybrid = `30 24 0:26 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct
31 24 0:27 /docker/a\\040b /sys/fs/cgroup/memory rw - cgroup cgroup rw,memory
32 24 0:28 / /sys/fs/cgroup/systemd rw - cgroup cgroup rw,name=systemd
33 24 0:29 / /sys/fs/cgroup/unified rw - cgroup2 cgroup2 rw`;

describe("mounts of cgroups", () => {
  it("are found in either version, also two controllers in one tree", () => {
    expect(parseCgroupMounts(v2Only)).toEqual({ v2: { path: "/sys/fs/cgroup", root: "/" }, v1: {} });
    expect(parseCgroupMounts(hybrid)).toEqual({
      v2: { path: "/sys/fs/cgroup/unified", root: "/" },
      v1: {
        cpu: { path: "/sys/fs/cgroup/cpu,cpuacct", root: "/" },
        cpuacct: { path: "/sys/fs/cgroup/cpu,cpuacct", root: "/" },
        memory: { path: "/sys/fs/cgroup/memory", root: "/docker/a b" },
      },
    });
    expect(parseCgroupMounts("")).toEqual({ v2: null, v1: {} });
  });
});

describe("the own groups of a process", () => {
  it("are paths in each tree, colons included", () => {
    expect(parseOwnGroups("4:memory:/x:y\n2:cpu,cpuacct:/\n1:name=systemd:/init\n0::/user.slice/a\n")).toEqual({
      v2: "/user.slice/a",
      v1: { memory: "/x:y", cpu: "/", cpuacct: "/" },
    });
  });

  it("are seen below the mount, as far as it shows them", () => {
    expect(groupDirectory({ path: "/sys/fs/cgroup", root: "/" }, "/a/b")).toBe("/sys/fs/cgroup/a/b");
    expect(groupDirectory({ path: "/m", root: "/docker/x" }, "/docker/x/in")).toBe("/m/in");
    expect(groupDirectory({ path: "/m", root: "/docker/x" }, "/elsewhere")).toBe("/m");
    expect(groupDirectory({ path: "/m", root: "/" }, "/../..")).toBe("/m");
  });
});
