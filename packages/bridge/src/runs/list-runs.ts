import { readdirSync } from "node:fs";
import type { RunId } from "@quarterdeck/core/ids";
import type { DataDirectory } from "../data-directory.ts";

/** The runs that have files. A helper that never ran has no folder for them yet. */
export function listRuns({ runs }: Pick<DataDirectory, "runs">): RunId[] {
  try {
    return readdirSync(runs) as RunId[];
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return [];
    throw error;
  }
}
