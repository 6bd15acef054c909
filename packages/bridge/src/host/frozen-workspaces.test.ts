import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeId, type WorkspaceId } from "@quarterdeck/core/ids";
import fc from "fast-check";
import { afterEach, beforeEach, expect, it } from "vitest";
import type { GroupPath } from "../drivers/driver.ts";
import type { Log } from "../log.ts";
import { FrozenWorkspaces } from "./frozen-workspaces.ts";

const ids = [1, 2].map((index): WorkspaceId => makeId("workspace", 1, new Uint8Array(16).fill(index)));
const [first, second] = ids as [WorkspaceId, WorkspaceId];

let folder: string;
let file: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "qd-frozen-"));
  file = join(folder, "frozen.json");
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A kernel that forgets everything when the machine is started anew, and may refuse. */
class FakeKernel {
  readonly frozen = new Set<WorkspaceId>();
  refuses = false;
  /** What was on the disk when it was asked. */
  fileAtFreeze = "";

  async freeze({ workspaceId }: GroupPath): Promise<void> {
    this.fileAtFreeze = existsSync(file) ? readFileSync(file, "utf8") : "";
    if (this.refuses) throw new Error("it was not frozen in time");
    this.frozen.add(workspaceId);
  }
  async thaw({ workspaceId }: GroupPath): Promise<void> {
    this.frozen.delete(workspaceId);
  }
}

const errors: string[] = [];
const log: Log = { info: () => undefined, warn: () => undefined, error: (message) => errors.push(message) };
beforeEach(() => errors.splice(0));

async function boot(kernel = new FakeKernel()) {
  return { kernel, workspaces: await FrozenWorkspaces.open({ driver: kernel, file, log }) };
}

it("writes it down before it freezes, and freezes again when the machine was started anew", async () => {
  const { kernel, workspaces } = await boot();
  await workspaces.freeze(first);
  expect(kernel.fileAtFreeze).toContain(first);
  const next = await boot();
  expect([...next.kernel.frozen]).toEqual([first]);
  expect(() => next.workspaces.admit(first)).toThrow(/Thaw it/);
  expect(() => next.workspaces.admit(second)).not.toThrow();
});

it("forgets what is thawed, also where the kernel had nothing frozen", async () => {
  const { workspaces } = await boot();
  await workspaces.freeze(first);
  const next = await boot();
  await next.workspaces.thaw(first);
  expect(() => next.workspaces.admit(first)).not.toThrow();
  expect([...(await boot()).kernel.frozen]).toEqual([]);
});

it("a freeze that fails leaves it as it was: running, or frozen from before", async () => {
  const { kernel, workspaces } = await boot();
  kernel.refuses = true;
  await expect(workspaces.freeze(first)).rejects.toThrow("in time");
  expect(() => workspaces.admit(first)).not.toThrow();
  expect([...(await boot()).kernel.frozen]).toEqual([]);
  kernel.refuses = false;
  await workspaces.freeze(first);
  kernel.refuses = true;
  await expect(workspaces.freeze(first)).rejects.toThrow("in time");
  expect(() => workspaces.admit(first)).toThrow();
});

it("lets nothing start in one that the machine cannot freeze any more, and says so", async () => {
  await (await boot()).workspaces.freeze(first);
  const kernel = new FakeKernel();
  kernel.refuses = true;
  const { workspaces } = await boot(kernel);
  expect(errors).toEqual([expect.stringContaining("could not be frozen again")]);
  expect(() => workspaces.admit(first)).toThrow(/frozen/);
});

it("puts a file aside that cannot be read", async () => {
  writeFileSync(file, "{");
  const { workspaces } = await boot();
  expect(() => workspaces.admit(first)).not.toThrow();
  expect(readFileSync(`${file}.damaged`, "utf8")).toBe("{");
  expect(errors).toHaveLength(1);
});

it("after any history, what starts anew has frozen exactly what was frozen last", async () => {
  const step = fc.record({
    what: fc.constantFrom("freeze", "thaw", "refusedFreeze", "boot"),
    which: fc.constantFrom(first, second),
  });
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
      rmSync(file, { force: true });
      const wanted = new Set<WorkspaceId>();
      let { kernel, workspaces } = await boot();
      for (const { what, which } of steps) {
        kernel.refuses = what === "refusedFreeze";
        if (what === "boot") ({ kernel, workspaces } = await boot());
        else if (what === "thaw") await workspaces.thaw(which).then(() => wanted.delete(which));
        else
          await workspaces.freeze(which).then(
            () => wanted.add(which),
            () => undefined,
          );
        kernel.refuses = false;
      }
      const last = await boot();
      expect([...last.kernel.frozen].toSorted()).toEqual([...wanted].toSorted());
      for (const id of ids)
        if (wanted.has(id)) expect(() => last.workspaces.admit(id)).toThrow();
        else expect(() => last.workspaces.admit(id)).not.toThrow();
    }),
    { numRuns: 60 },
  );
});
