import { readFile, rename, rm, writeFile } from "node:fs/promises";
import { join } from "node:path";
import { hasCode } from "../has-code.ts";

const nameIn = (dataDir: string) => join(dataDir, "internal-address");

/** Leaves behind where the internal listener is, for the operator's commands: its port is another one at each start. */
export async function writeInternalAddress(dataDir: string, origin: string): Promise<void> {
  const path = nameIn(dataDir);
  await writeFile(`${path}.new`, origin, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

/** The listener is closing: nobody shall send the operator's key to whoever gets its port next. */
export async function removeInternalAddress(dataDir: string): Promise<void> {
  await rm(nameIn(dataDir), { force: true });
}

/** Where the internal listener is; null while the API does not run. */
export async function readInternalAddress(dataDir: string): Promise<string | null> {
  try {
    return await readFile(nameIn(dataDir), "utf8");
  } catch (error) {
    if (hasCode(error, "ENOENT")) return null;
    throw error;
  }
}
