// Whether the patches of every wrong version still fit the shipped source: seconds, where playing them takes minutes.
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { applyPatches } from "./hooks/patch.ts";
import { wrongVersions } from "./wrong-versions.ts";

const root = join(import.meta.dirname, "..", "..");

for (const { name, patches } of wrongVersions) {
  for (const file of new Set(patches.map((patch) => patch.file))) {
    const ofFile = patches.filter((patch) => patch.file === file);
    try {
      applyPatches(readFileSync(join(root, file), "utf8"), ofFile);
    } catch (error) {
      console.error(`the wrong version that "${name}": ${String(error)}`);
      process.exitCode = 1;
    }
  }
}
