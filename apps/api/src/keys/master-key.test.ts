import { mkdtemp, readdir, rm, stat } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { loadMasterKey } from "./master-key.ts";

test("the master key is the environment's, or one that the first start keeps for its owner only", async () => {
  const dataDir = await mkdtemp(join(tmpdir(), "quarterdeck-key-"));
  try {
    const given = Buffer.alloc(32, 5);
    expect(await loadMasterKey(dataDir, given.toString("base64url"))).toEqual(given);
    expect(await readdir(dataDir)).toEqual([]);
    const made = await loadMasterKey(dataDir, null);
    expect(made).toHaveLength(32);
    expect(await loadMasterKey(dataDir, null)).toEqual(made);
    expect((await stat(join(dataDir, "keys/master.json"))).mode & 0o777).toBe(0o600);
  } finally {
    await rm(dataDir, { recursive: true });
  }
});
