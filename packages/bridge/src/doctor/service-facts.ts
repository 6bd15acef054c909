import { execFile } from "node:child_process";
import { readFileSync } from "node:fs";
import * as z from "zod";
import type { ServiceFacts } from "./judge-machine.ts";

const answerMs = 20_000;

/** Asks systemd about a unit. It answers about one that is not there, too. */
export function readService(name: string): Promise<ServiceFacts> {
  const properties = ["LoadState", "ActiveState", "UnitFileState"];
  return new Promise((resolve, reject) => {
    execFile(
      "systemctl",
      ["show", name, `--property=${properties.join(",")}`],
      { timeout: answerMs, encoding: "utf8" },
      (error, stdout) => {
        if (error) reject(new Error(`systemctl does not answer: ${error.message}`, { cause: error }));
        else resolve(parseService(name, stdout));
      },
    );
  });
}

export function parseService(name: string, printed: string): ServiceFacts {
  const lines = printed.split("\n");
  return {
    name,
    isInstalled: lines.includes("LoadState=loaded"),
    isActive: lines.includes("ActiveState=active"),
    isEnabled: lines.includes("UnitFileState=enabled"),
  };
}

const installedPackage = "/usr/lib/quarterdeck/bridge/package.json";
const packageSchema = z.object({ version: z.string() });

/** The version that install.sh put there; null where it was not used. */
export function readInstalledVersion(): string | null {
  try {
    return packageSchema.parse(JSON.parse(readFileSync(installedPackage, "utf8"))).version;
  } catch {
    return null; // Not installed, or by other means.
  }
}
