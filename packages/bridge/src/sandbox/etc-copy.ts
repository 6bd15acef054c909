import { createHash } from "node:crypto";
import {
  copyFileSync,
  existsSync,
  lstatSync,
  mkdirSync,
  readdirSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";

/**
 * What of /etc programs need to work. Everything else there is the machine's own: its users, services, keys and jobs.
 * The names and addresses in the second list change while the machine runs, so runs see the real ones.
 */
const copied = [
  "alternatives",
  "ca-certificates",
  "ca-certificates.conf",
  "crypto-policies",
  "debian_version",
  "fonts",
  "gai.conf",
  "host.conf",
  "inputrc",
  "java",
  "ld-musl-aarch64.path",
  "ld-musl-x86_64.path",
  "ld.so.cache",
  "ld.so.conf",
  "ld.so.conf.d",
  "locale.alias",
  "localtime",
  "lsb-release",
  "magic",
  "magic.mime",
  "mime.types",
  "networks",
  "nsswitch.conf",
  "openssl",
  "os-release",
  "perl",
  "pki",
  "protocols",
  "python3",
  "services",
  "ssh/ssh_config",
  "ssh/ssh_config.d",
  "ssh/ssh_known_hosts",
  "ssl",
  "terminfo",
  "timezone",
] as const;
export const liveFiles = ["hosts", "resolv.conf"] as const;

/** Its content is made for each workspace, and put over this one. */
const madeFiles = ["passwd"] as const;
const groups = "root:x:0:\nnogroup:x:65534:\n";

const everybodyReads = 0o004;
const everybodyEnters = 0o005;

const copyPrefix = "etc-";
const keptCopies = 5;

interface Entry {
  /** Below /etc. */
  readonly path: string;
  readonly kind: "folder" | "file" | "link";
  /** Where a link leads. */
  readonly target: string;
  readonly version: string;
}

/**
 * Copies what runs may see of `source`, /etc, into a folder below `folder`: one to bind instead of forty files. Only what everybody
 * on the machine may read is taken, so that a bridge of root gives nothing away. Its name says what is in it: what has not changed is not
 * copied again, and runs that go on keep the copy that they were started with.
 */
export function copyEtc(source: string, folder: string): string {
  const entries = copied.flatMap((name) => readEntries(source, name));
  const stamp = createHash("sha256").update(JSON.stringify(entries)).digest("hex").slice(0, 32);
  const target = join(folder, `${copyPrefix}${stamp}`);
  if (existsSync(target)) return target;
  const unfinished = join(folder, `.${copyPrefix}${process.pid}`);
  rmSync(unfinished, { recursive: true, force: true });
  mkdirSync(join(unfinished, "ssh"), { recursive: true, mode: 0o755 });
  for (const { path, kind, target: link } of entries) {
    const to = join(unfinished, path);
    if (kind === "folder") mkdirSync(to, { mode: 0o755 });
    else if (kind === "link") symlinkSync(link, to);
    else copyFileSync(join(source, path), to);
  }
  for (const name of [...liveFiles, ...madeFiles]) writeFileSync(join(unfinished, name), "", { mode: 0o644 });
  writeFileSync(join(unfinished, "group"), groups, { mode: 0o644 });
  removeOldCopies(folder);
  try {
    renameSync(unfinished, target);
  } catch (error) {
    // Another process of this bridge has made the same meanwhile.
    if (!existsSync(target)) throw error;
    rmSync(unfinished, { recursive: true, force: true });
  }
  return target;
}

/** Runs may be using the newest ones. */
function removeOldCopies(folder: string): void {
  const copies = readdirSync(folder).filter((name) => name.startsWith(copyPrefix));
  const byAge = copies
    .map((name) => ({ path: join(folder, name), atMs: statSync(join(folder, name)).mtimeMs }))
    .toSorted((a, b) => b.atMs - a.atMs);
  for (const { path } of byAge.slice(keptCopies)) rmSync(path, { recursive: true, force: true });
}

/** A file or folder with all in it, as far as everybody may read it. */
function readEntries(source: string, path: string): Entry[] {
  const from = join(source, path);
  const stat = lstatSync(from, { throwIfNoEntry: false });
  if (!stat) return [];
  const version = `${stat.mtimeMs} ${stat.size} ${stat.mode}`;
  if (stat.isSymbolicLink()) {
    const target = readlinkSync(from);
    // A link out of what runs see would lead nowhere there, so its file is taken.
    if (!target.startsWith("/") || target.startsWith("/etc/") || target.startsWith("/usr/"))
      return [{ path, kind: "link", target, version }];
    const real = statSync(from, { throwIfNoEntry: false });
    if (!real?.isFile() || (real.mode & everybodyReads) === 0) return [];
    return [{ path, kind: "file", target: "", version: `${real.mtimeMs} ${real.size} ${real.mode}` }];
  }
  if (stat.isDirectory() && (stat.mode & everybodyEnters) === everybodyEnters)
    return [
      { path, kind: "folder", target: "", version: "" },
      ...readdirSync(from).flatMap((name) => readEntries(source, join(path, name))),
    ];
  return stat.isFile() && (stat.mode & everybodyReads) !== 0 ? [{ path, kind: "file", target: "", version }] : [];
}
