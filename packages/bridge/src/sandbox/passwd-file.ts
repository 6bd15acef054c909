import { createHash } from "node:crypto";
import { chmodSync, existsSync } from "node:fs";
import { join } from "node:path";
import { writeWhole } from "../durable-file.ts";

/** The users that a run knows: itself, root, and nobody. The machine's own are none of its business. */
export function passwdText({ uid, gid }: { readonly uid: number; readonly gid: number }, home: string): string {
  const self = `workspace:x:${uid}:${gid}::${home}:/bin/sh`;
  const others = ["root:x:0:0::/:/usr/sbin/nologin", "nobody:x:65534:65534::/:/usr/sbin/nologin"];
  return [...(uid === 0 ? [] : [self]), ...others].map((line) => `${line}\n`).join("");
}

/** Keeps one file for each content, so that a start writes nothing. */
export class PasswdFiles {
  readonly #folder: string;
  readonly #known = new Set<string>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  file(text: string): string {
    const path = join(this.#folder, `passwd-${createHash("sha256").update(text).digest("hex").slice(0, 32)}`);
    if (this.#known.has(path)) return path;
    if (!existsSync(path)) writeWhole(path, text);
    chmodSync(path, 0o644);
    this.#known.add(path);
    return path;
  }
}
