import { expect } from "vitest";
import { readUnchained } from "../src/audit/chain-repo.ts";
import type { TestApi } from "./test-api.ts";

/** Resolves when all that was written has its place in the audit. */
export async function untilChained({ api }: TestApi): Promise<void> {
  await expect.poll(async () => (await readUnchained(api.runtime.db, 1)).size, { interval: 20, timeout: 5000 }).toBe(0);
}
