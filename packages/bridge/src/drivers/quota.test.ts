import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, it } from "vitest";
import { QuotaIds } from "./quota-ids.ts";
import { deviceNumber, parseQuotaMount, parseQuotaReport, parseQuotaUse } from "./quota-mount.ts";

const folder = mkdtempSync(join(tmpdir(), "quarterdeck-quota-"));
afterAll(() => rmSync(folder, { recursive: true }));

describe("the file system of a folder", () => {
  const table = `22 1 254:0 / / rw,relatime - ext4 /dev/vda rw,quota,usrquota,prjquota
23 22 254:0 /home /mnt rw - ext4 /dev/vda rw,quota,usrquota,prjquota
24 22 8:1 / /data rw - xfs /dev/sda1 rw,noquota
25 22 0:40 / /tmp rw - tmpfs tmpfs rw`;

  it("is known with its quotas, by its whole", () => {
    expect(parseQuotaMount(table, "254:0")).toEqual({ path: "/", hasProjectQuota: true, hasUserQuota: true });
    expect(parseQuotaMount(table, "8:1")).toEqual({ path: "/data", hasProjectQuota: false, hasUserQuota: false });
    expect(parseQuotaMount(table, "0:40")).toBeUndefined();
  });

  it("is found by the number of its device", () => {
    expect(deviceNumber(254 * 256)).toBe("254:0");
    expect(deviceNumber(8 * 256 + 1)).toBe("8:1");
    expect(deviceNumber(259 * 256 + 2)).toBe("259:2");
    expect(deviceNumber(0x10_0302)).toBe("3:258");
  });
});

describe("a report of quotas", () => {
  const report = `*** Report for project quotas on device /dev/vda
Block grace time: 7days; Inode grace time: 7days
                        Block limits                File limits
Project         used    soft    hard  grace    used  soft  hard  grace
----------------------------------------------------------------------
#0        --  500000       0       0          20000     0     0
#7070000  --      52       0    1024              2     0     0
#7070001  +-    2048       0    1024  6days       2     0     0
`;
  it("names the hard limit of an id", () => {
    expect(parseQuotaReport(report, 7_070_000)).toBe(1024 * 1024);
    expect(parseQuotaReport(report, 7_070_001)).toBe(1024 * 1024);
    expect(parseQuotaReport(report, 0)).toBeNull();
    expect(parseQuotaReport(report, 707)).toBeUndefined();
  });

  it("names what is counted under an id, whatever its limit", () => {
    expect(parseQuotaUse(report, 7_070_000)).toBe(52 * 1024);
    expect(parseQuotaUse(report, 7_070_001)).toBe(2048 * 1024);
    expect(parseQuotaUse(report, 0)).toBe(500_000 * 1024);
    expect(parseQuotaUse(report, 707)).toBeUndefined();
  });
});

describe("the table of quota ids", () => {
  it("gives each project a number for good, also after a restart, and none twice", () => {
    const path = join(folder, "ids.json");
    const first = new QuotaIds(path).take("prj_a");
    const again = new QuotaIds(path);
    expect(again.take("prj_a")).toEqual(first);
    expect(again.take("prj_b").id).not.toBe(first.id);
    again.setCounted("prj_a", true);
    expect(new QuotaIds(path).find("prj_a")).toEqual({ id: first.id, isCounted: true });
    expect(new QuotaIds(path).find("prj_c")).toBeUndefined();
  });

  it("begins somewhere else on each server, so that two bridges on one file system do not meet", () => {
    const numbers = ["one.json", "two.json", "three.json"].map(
      (name) => new QuotaIds(join(folder, name)).take("prj_a").id,
    );
    expect(new Set(numbers).size).toBe(3);
  });

  it("is not begun anew when it is damaged", () => {
    const path = join(folder, "damaged.json");
    writeFileSync(path, '{"next":7070001,"entr');
    expect(() => new QuotaIds(path)).toThrow(/cannot be read/);
  });
});
