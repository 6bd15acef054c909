import { randomBytes } from "node:crypto";
import { linkSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeId } from "@quarterdeck/core/ids";
import { mebibyte } from "@quarterdeck/core/units";
import { afterAll, expect, it } from "vitest";
import { DiskQuota } from "./disk-quota.ts";
import { folderBytes } from "./folder-bytes.ts";
import { groupNode } from "./group-node.ts";
import { MeasuredDisk } from "./measured-disk.ts";
import { QuotaIds } from "./quota-ids.ts";

const folder = mkdtempSync(join(tmpdir(), "quarterdeck-disk-"));
afterAll(() => rmSync(folder, { recursive: true }));
const node = groupNode({ workspaceId: makeId("workspace", 1, randomBytes(16)), projectId: null });

it("counts a file with two names once, and a folder that is gone as nothing", async () => {
  const inner = join(folder, "a/b");
  mkdirSync(inner, { recursive: true });
  writeFileSync(join(inner, "file"), randomBytes(mebibyte));
  linkSync(join(inner, "file"), join(folder, "name"));
  const bytes = await folderBytes(folder);
  expect(bytes).toBeGreaterThanOrEqual(mebibyte);
  expect(bytes).toBeLessThan(1.5 * mebibyte);
  expect(await folderBytes(join(folder, "nowhere"))).toBe(0);
});

it("lets nothing start in a folder that is full, says so, and lets it when there is room again", async () => {
  let nowMs = 0;
  const disk = new MeasuredDisk(() => nowMs);
  const file = join(folder, "full");
  writeFileSync(file, randomBytes(2 * mebibyte));
  await disk.admit(node); // Nothing is wanted yet.
  disk.watch(node, folder, 2 * mebibyte);
  await expect(disk.admit(node)).rejects.toMatchObject({
    code: "QUOTA_EXCEEDED",
    message: expect.stringMatching(/2 MiB/),
  });
  rmSync(file);
  nowMs += 60_000;
  await disk.admit(node);
  disk.watch(node, folder, null);
  writeFileSync(file, randomBytes(2 * mebibyte));
  nowMs += 60_000;
  await disk.admit(node);
});

it("a limit that is only measured says in its evidence what was measured last", async () => {
  writeFileSync(join(folder, "evidence"), Buffer.alloc(2 * mebibyte, 1));
  const ids = new QuotaIds(join(folder, "ids.json"));
  const quota = new DiskQuota({ folderOf: () => folder, userOf: () => null, ids, nowMs: () => 0 }, false);
  const first = await quota.apply(node, 100 * mebibyte);
  expect(first).toMatchObject({ state: "measured", actual: null });
  expect(first.source).not.toContain("used");
  await quota.admit(node);
  const { source } = await quota.apply(node, 100 * mebibyte);
  expect(source).toMatch(/^it has no user of its own.*; [2-9] MiB are used$/);
});
