import { randomBytes } from "node:crypto";
import { chownSync, mkdirSync, rmSync } from "node:fs";
import { join } from "node:path";
import type { QuotaSystem } from "./quota-system.ts";

interface QuotaProbe {
  /** A folder that only root can write, on the file system in question. */
  readonly folder: string;
  readonly mount: string;
  readonly kind: "project" | "user";
  /** The number that is limited for the probe, and nothing else. */
  readonly id: number;
  readonly user: { readonly uid: number; readonly gid: number };
}

const limitKibibytes = 64;
const writtenKibibytes = 1024;

/**
 * Tries whether a file system holds a quota: a quota can be on and not hold, and it never holds root. Writes as a user more
 * than a number made for this may have.
 *
 * @returns whether the file system refused
 */
export async function isQuotaEnforced(
  { folder, mount, kind, id, user }: QuotaProbe,
  { run }: Pick<QuotaSystem, "run">,
): Promise<boolean> {
  const outer = join(folder, `.quota-probe-${randomBytes(6).toString("hex")}`);
  const inner = join(outer, "files");
  const option = kind === "project" ? "-P" : "-u";
  mkdirSync(outer, { mode: 0o711 }); // Nobody else can put another folder in the place of the inner one.
  try {
    mkdirSync(inner, { mode: 0o700 });
    chownSync(inner, user.uid, user.gid);
    if (kind === "project") await run("chattr", ["-p", String(id), "+P", inner]);
    await run("setquota", [option, String(id), "0", String(limitKibibytes), "0", "0", mount]);
    // By its name alone: the folders above may be closed to the user.
    const write = ["if=/dev/zero", "of=file", "bs=1024", `count=${writtenKibibytes}`, "conv=fsync"];
    const { isSuccess, stderr } = await run("dd", write, { mayFail: true, user, directory: inner });
    return !isSuccess && stderr.includes("quota exceeded");
  } finally {
    rmSync(outer, { recursive: true, force: true });
    await run("setquota", [option, String(id), "0", "0", "0", "0", mount], { mayFail: true });
  }
}
