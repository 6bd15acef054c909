import { existsSync, lstatSync, mkdirSync, readlinkSync, realpathSync } from "node:fs";
import { arch, homedir } from "node:os";
import { dirname, join } from "node:path";
import { writeWhole } from "../durable-file.ts";
import { findProgram } from "../drivers/search-path.ts";
import { copyEtc, liveFiles } from "./etc-copy.ts";
import type { SandboxLayout } from "./profile.ts";
import { seccompFilter } from "./seccomp-filter.ts";
import { auditArchitectures, type FilteredArchitecture } from "./syscalls.ts";
import { systemFolders, toolFolders } from "./tool-folders.ts";

interface LayoutOptions {
  readonly bubblewrap: string;
  /** The sandbox's own files are kept here. */
  readonly folder: string;
  /** Where programs are looked for. */
  readonly folders: readonly string[];
  /** Programs whose files may lie elsewhere than their names. */
  readonly programs: readonly string[];
  readonly hidden: readonly string[];
}

/** Keyrings are in no namespace: who has keys is said here. */
const maskedFiles = ["/proc/keys", "/proc/key-users"];

/** Whether the filter of system calls can be made for this machine. */
export function isFilteredArchitecture(name: string): name is FilteredArchitecture {
  return Object.hasOwn(auditArchitectures, name);
}

/** Looks at the machine once, and writes what all its sandboxes share. */
export function readLayout({ bubblewrap, folder, folders, programs, hidden }: LayoutOptions): SandboxLayout {
  const architecture = arch();
  if (!isFilteredArchitecture(architecture))
    throw new Error(`there is no filter of system calls for the processor ${architecture}`);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const seccompFile = join(folder, "seccomp");
  writeWhole(seccompFile, seccompFilter(architecture));
  const etc = copyEtc("/etc", folder);
  return {
    bubblewrap,
    setpriv: findProgram("setpriv", folders) ?? null,
    system: systemFolders.flatMap((path) => {
      const stat = lstatSync(path, { throwIfNoEntry: false });
      if (!stat) return [];
      return [{ path, link: stat.isSymbolicLink() ? readlinkSync(path) : null }];
    }),
    tools: toolFolders({
      folders: [...folders, ...realFolders(programs, folders)],
      hidden,
      home: homedir(),
      exists: existsSync,
    }),
    etc,
    liveEtc: liveFiles.map((name) => join("/etc", name)).filter((path) => existsSync(path)),
    masked: maskedFiles.filter((path) => existsSync(path)),
    seccompFile,
  };
}

/** Where the programs really are, of which a folder has only links. */
function realFolders(programs: readonly string[], folders: readonly string[]): string[] {
  return programs.flatMap((name) => {
    const path = findProgram(name, folders);
    return path === undefined ? [] : [dirname(realpathSync(path))];
  });
}
