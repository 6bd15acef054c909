/** The file system that a folder is on, as far as quotas go. */
export interface QuotaMount {
  readonly path: string;
  /** Quotas of projects, and of users, are counted and meant to hold. */
  readonly hasProjectQuota: boolean;
  readonly hasUserQuota: boolean;
}

const fileSystems = ["ext4", "xfs"];
export const projectOptions = ["prjquota", "pquota"];
export const userOptions = ["usrquota", "uquota", "quota"];

/**
 * Finds a file system in /proc/self/mountinfo.
 *
 * @param device its `major:minor`
 * @returns `undefined` where it is none whose quotas we know
 */
export function parseQuotaMount(mountInfo: string, device: string): QuotaMount | undefined {
  for (const line of mountInfo.split("\n")) {
    const [before = "", after = ""] = line.split(" - ");
    const [, , number, root, path = ""] = before.split(" ");
    const [type = "", , options = ""] = after.split(" ");
    // Other places where a part of it is mounted have the same quotas; the tools want the whole.
    if (number !== device || root !== "/" || !fileSystems.includes(type)) continue;
    const has = (names: readonly string[]) => options.split(",").some((option) => names.includes(option));
    return { path, hasProjectQuota: has(projectOptions), hasUserQuota: has(userOptions) };
  }
  return undefined;
}

/** `major:minor` of a device number of `stat`. */
export function deviceNumber(dev: number): string {
  return `${((dev >> 8) & 0xfff) | (Math.floor(dev / 2 ** 32) & ~0xfff)}:${(dev & 0xff) | ((dev >> 12) & 0xfff00)}`;
}

/** The fields of a line of `repquota`: `#1001 -- 52 0 1024 2 0 0` is flags, then used, soft and hard in kibibytes; a grace may stand between. */
function fieldsOf(report: string, id: number): string[] | undefined {
  const line = report.split("\n").find((each) => each.startsWith(`#${id} `));
  return line?.trim().split(/\s+/);
}

/** The hard limit in bytes that `repquota` names for an id; null: none; undefined: the id is not in it. */
export function parseQuotaReport(report: string, id: number): number | null | undefined {
  const hard = Number(fieldsOf(report, id)?.[4]);
  if (Number.isNaN(hard)) return undefined;
  return hard === 0 ? null : hard * 1024;
}

/** The bytes that `repquota` counts under an id; undefined: the id is not in it. */
export function parseQuotaUse(report: string, id: number): number | undefined {
  const used = Number(fieldsOf(report, id)?.[2]);
  return Number.isNaN(used) ? undefined : used * 1024;
}
