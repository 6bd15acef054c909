import { accessSync, constants, mkdirSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { UsageError } from "./options.ts";

const advice = "Choose another one with --data (or QUARTERDECK_DATA).";

/**
 * Makes the data directory with what is missing above it, readable by its owner only, or says why it cannot be one. Step by
 * step, because a recursive mkdir never comes back from some file systems (/proc).
 */
export function makeDataDirectory(path: string): void {
  const missing: string[] = [];
  let existing = path;
  while (!exists(existing)) {
    missing.unshift(existing);
    existing = dirname(existing);
  }
  if (!statSync(existing).isDirectory()) {
    throw new UsageError(`${path} cannot hold Quarterdeck's data: ${existing} is not a directory. ${advice}`);
  }
  try {
    for (const folder of missing) mkdirSync(folder, 0o700);
    accessSync(path, constants.R_OK | constants.W_OK | constants.X_OK);
  } catch (error) {
    const reason = error instanceof Error && "code" in error ? String(error.code) : String(error);
    throw new UsageError(
      `${path} cannot hold Quarterdeck's data: nothing can be written there (${reason}). ${advice}`,
      {
        cause: error,
      },
    );
  }
}

function exists(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false }) !== undefined;
}
