import assert from "node:assert/strict";
import { randomBytes, randomInt } from "node:crypto";
import { chmodSync, chownSync, mkdirSync, mkdtempSync, rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeId, type IdKind } from "@quarterdeck/core/ids";
import { DiskQuota } from "../../src/drivers/disk-quota.ts";
import { groupNode, nodeId, type GroupNode } from "../../src/drivers/group-node.ts";
import type { GroupPath } from "../../src/drivers/driver.ts";
import { QuotaIds } from "../../src/drivers/quota-ids.ts";
import { machineQuotas } from "../../src/drivers/quota-system.ts";
import { runTool } from "../../src/drivers/run-tool.ts";

const mebibyte = 2 ** 20;
const newId = <K extends IdKind>(kind: K) => makeId(kind, Date.now(), randomBytes(16));
/** Nobody's. */
const user = { uid: 5_070_000 + randomInt(900_000), gid: 5_070_000 };

/** Folders of a workspace and a project, and a limiter of the disk for them. */
class DiskPlace implements Disposable {
  readonly folder = mkdtempSync(join(tmpdir(), "quarterdeck-disk-"));
  readonly workspace = groupNode({ workspaceId: newId("workspace"), projectId: null });
  readonly project = groupNode({ workspaceId: this.workspace.workspaceId, projectId: newId("project") });
  readonly quota: DiskQuota;
  readonly mountPath: string;

  constructor(userOf: () => typeof user | null) {
    chmodSync(this.folder, 0o711);
    for (const node of [this.workspace, this.project]) {
      mkdirSync(this.folderOf(node));
      chownSync(this.folderOf(node), user.uid, user.gid);
    }
    this.mountPath = machineQuotas.findMount(this.folder)?.path ?? "";
    const ids = new QuotaIds(join(this.folder, "ids.json"));
    this.quota = new DiskQuota({ folderOf: (path) => this.folderOf(path), userOf, ids, nowMs: Date.now }, true);
  }

  folderOf(path: GroupPath): string {
    return join(this.folder, nodeId({ ...path, runId: null }));
  }

  /** Writes as the workspace's user. @returns how many bytes the file got */
  async fill(node: GroupNode, name: string, mebibytes: number): Promise<number> {
    const path = join(this.folderOf(node), name);
    const words = ["if=/dev/zero", `of=${path}`, "bs=65536", `count=${mebibytes * 16}`, "conv=fsync"];
    await runTool("dd", words, { mayFail: true, user });
    return statSync(path).size;
  }

  [Symbol.dispose](): void {
    rmSync(this.folder, { recursive: true, force: true });
  }
}

interface DiskCase {
  readonly name: string;
  readonly check: () => Promise<void>;
}

/** What the limiter of the disk promises where the file system has quotas. Root only. */
export const diskContract: readonly DiskCase[] = [
  {
    name: "holds a project to its disk, whoever of the workspace writes where, and says what it tried [S8]",
    async check() {
      using place = new DiskPlace(() => user);
      const deep = join(place.folderOf(place.project), "deep");
      mkdirSync(deep);
      chownSync(deep, user.uid, user.gid);
      writeFileSync(join(deep, "old"), Buffer.alloc(mebibyte, 1));
      assert.equal(await place.quota.used(place.project), null, "nothing is counted before it has a number");
      const found = await place.quota.apply(place.project, 4 * mebibyte);
      assert.deepEqual([found.state, found.actual], ["enforced", 4 * mebibyte]);
      const used = (await place.quota.used(place.project)) ?? Number.NaN;
      assert.ok(used >= mebibyte && used < 2 * mebibyte, `${used} bytes are counted of a file of 1 MiB`);
      assert.match(found.source, /was refused/);
      // What was there before counts too, and so does what is made in an old folder.
      const size = await place.fill(place.project, "deep/new", 8);
      assert.ok(size > 2 * mebibyte && size <= 3 * mebibyte, `${size} bytes`);
      assert.equal(await place.fill(place.workspace, "other", 8), 8 * mebibyte);
      assert.equal((await place.quota.apply(place.project, 16 * mebibyte)).actual, 16 * mebibyte);
      assert.equal(await place.fill(place.project, "deep/new", 8), 8 * mebibyte);
      assert.deepEqual((await place.quota.apply(place.project, null)).actual, null);
    },
  },
  {
    name: "holds a workspace to its disk, its projects included",
    async check() {
      using place = new DiskPlace(() => user);
      const found = await place.quota.apply(place.workspace, 4 * mebibyte);
      assert.deepEqual([found.state, found.actual], ["enforced", 4 * mebibyte]);
      await place.fill(place.workspace, "a", 3);
      const size = await place.fill(place.project, "b", 8);
      assert.ok(size <= mebibyte, `${size} bytes`);
      assert.equal((await place.quota.apply(place.workspace, null)).actual, null);
      assert.equal(await place.fill(place.project, "b", 8), 8 * mebibyte);
    },
  },
  {
    name: "says that a quota is on and does not hold, and measures instead",
    async check() {
      using place = new DiskPlace(() => user);
      // Switched off for the kind that is asked; the mount options stay as they are.
      await runTool("quotaoff", ["-P", place.mountPath]);
      try {
        const found = await place.quota.apply(place.project, 4 * mebibyte);
        assert.equal(found.actual, null);
        assert.equal(found.state, "measured");
        await place.fill(place.project, "much", 8);
        await assert.rejects(place.quota.admit(place.project), /may take 4 MiB/);
      } finally {
        await runTool("quotaon", ["-P", place.mountPath]);
      }
    },
  },
  {
    name: "measures what belongs to root, whom no quota holds",
    async check() {
      using place = new DiskPlace(() => null);
      const found = await place.quota.apply(place.project, mebibyte);
      assert.deepEqual([found.state, found.actual], ["measured", null]);
      await place.quota.admit(place.project);
    },
  },
];
