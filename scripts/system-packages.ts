import { accessSync, constants } from "node:fs";
import { delimiter, join } from "node:path";
import { runCommand } from "./run-command.ts";

/** The program that each Debian package is needed for. */
const testPrograms: Readonly<Record<string, string>> = {
  chromium: "chromium",
  bubblewrap: "bwrap",
  git: "git",
  "util-linux": "setpriv",
  procps: "ps",
  shellcheck: "shellcheck",
};

/** The same for the tests that boot a server. */
export const vpsPrograms: Readonly<Record<string, string>> = {
  "qemu-system-x86": "qemu-system-x86_64",
  "qemu-utils": "qemu-img",
  debootstrap: "debootstrap",
  socat: "socat",
  "openssh-client": "ssh",
  e2fsprogs: "mkfs.ext4",
  git: "git",
};

/** Sees to the system packages that the tests use. Installs only in CI as root; elsewhere says what to run. */
export async function ensureSystemPackages(programs = testPrograms): Promise<boolean> {
  const missing = missingPackages(programs);
  if (missing.length === 0) return true;
  const install = ["apt-get", "install", "-y", "--no-install-recommends", ...missing] as const;
  if (!process.env["CI"] || process.getuid?.() !== 0) {
    console.error(
      `The tests need system packages that are missing. Install them with:\n\n  sudo ${install.join(" ")}\n`,
    );
    return false;
  }
  const environment = { DEBIAN_FRONTEND: "noninteractive" };
  for (const command of [["apt-get", "update"] as const, install]) {
    const { exitCode, output } = await runCommand(command, { environment });
    if (exitCode !== 0) {
      console.error(`${output}\n${command.join(" ")} failed with exit code ${exitCode}.`);
      return false;
    }
  }
  const stillMissing = missingPackages(programs);
  if (stillMissing.length > 0)
    console.error(`Installed, but their programs are not on the PATH: ${stillMissing.join(" ")}`);
  return stillMissing.length === 0;
}

function missingPackages(programs: Readonly<Record<string, string>>): string[] {
  return Object.entries(programs)
    .filter(([name, program]) => !(name === "chromium" && process.env["CHROME_PATH"]) && !isOnPath(program))
    .map(([name]) => name);
}

function isOnPath(program: string): boolean {
  return (process.env["PATH"] ?? "").split(delimiter).some((folder) => {
    try {
      accessSync(join(folder, program), constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}
