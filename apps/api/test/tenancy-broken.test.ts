import { eq } from "drizzle-orm";
import { afterAll, beforeAll, beforeEach, expect, test, vi } from "vitest";
import type * as checks from "../src/auth/check-place.ts";
import type { Database } from "../src/db/database.ts";
import type * as projectRepo from "../src/projects/repo.ts";
import { projects } from "../src/db/schema.ts";
import { findLeaks } from "./tenancy/matrix.ts";
import { makeWorld, type World } from "./tenancy/world.ts";

// That the matrix sees what it is there to see: the same product with one check of a scope taken out.

const broken = vi.hoisted(() => ({ check: "none" as "none" | "org" | "visible" | "place" }));

vi.mock("../src/projects/repo.ts", async (original) => {
  const repo = await original<typeof projectRepo>();
  return {
    ...repo,
    /** Finds projects of every org. */
    async findProject(db: Database, scope: { orgId: never }, projectId: never) {
      if (broken.check !== "org") return repo.findProject(db, scope, projectId);
      const [row] = await db.select().from(projects).where(eq(projects.projectId, projectId));
      return row === undefined ? null : repo.findProject(db, row, projectId);
    },
  };
});

vi.mock("../src/auth/check-place.ts", async (original) => {
  const check = await original<typeof checks>();
  return {
    ...check,
    checkVisible: (...all: Parameters<typeof check.checkVisible>) =>
      broken.check === "visible" ? Promise.resolve() : check.checkVisible(...all),
    checkPlace: (...all: Parameters<typeof check.checkPlace>) =>
      broken.check === "place" ? Promise.resolve(["owner" as const]) : check.checkPlace(...all),
  };
});

let world: World;

beforeAll(async () => {
  world = await makeWorld();
}, 30_000);

afterAll(() => world[Symbol.asyncDispose]());

beforeEach(() => {
  broken.check = "none";
});

test("with every check in place it finds nothing [T1]", async () => {
  expect(await findLeaks(world, "projects.get")).toEqual([]);
  expect(await findLeaks(world, "tasks.list")).toEqual([]);
});

test("a query that forgets the org is found, for reading and for writing [T1]", async () => {
  broken.check = "org";
  expect((await findLeaks(world, "projects.get")).join("\n")).toMatch(/as owner: foreign projectId \(project\) → OK/);
  expect((await findLeaks(world, "tasks.submit")).join("\n")).not.toMatch(/as owner: random/);
});

test("ids beside the place that are not looked at are found [T1]", async () => {
  broken.check = "visible";
  const leaks = (await findLeaks(world, "tasks.list")).join("\n");
  expect(leaks).toMatch(/as developerOfWorkspace: sibling workspaceId \(workspace\) → OK/);
  expect(leaks).not.toMatch(/as owner/);
});

test("a place that is not looked at is found where nothing else stands behind it [T1]", async () => {
  broken.check = "visible";
  expect(await findLeaks(world, "projects.get")).toEqual([]); // The place is looked at by itself.
  broken.check = "place";
  expect(await findLeaks(world, "workspaces.get")).toEqual([]); // Ids of what may not be seen were refused before.
});
