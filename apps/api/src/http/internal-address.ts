import { readFile, rename, writeFile } from "node:fs/promises";
import { join } from "node:path";

const nameIn = (dataDir: string) => join(dataDir, "internal-address");

/** Leaves behind where the internal listener is, for the operator's commands: its port is another one at each start. */
export async function writeInternalAddress(dataDir: string, origin: string): Promise<void> {
  const path = nameIn(dataDir);
  await writeFile(`${path}.new`, origin, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

/** Where the internal listener was when the API started last; null when it never did. */
export async function readInternalAddress(dataDir: string): Promise<string | null> {
  try {
    return await readFile(nameIn(dataDir), "utf8");
  } catch (error) {
    if (error instanceof Error && "code" in error && error.code === "ENOENT") return null;
    throw error;
  }
}
