import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { idPrefixes } from "@quarterdeck/core/ids";
import type { Database } from "../db/database.ts";
import { notFound } from "../not-found.ts";
import { givenAround, rolesWith, type Permission, type Role } from "./permissions.ts";
import { locate, type Location } from "./reach.ts";
import { isVisible, mayAt, mayWith, rolesAt, wholeOrg } from "./rights.ts";
import type { Caller } from "./scope.ts";

/** What a procedure declared of the place where its permission is needed. */
export interface PlaceDemand {
  readonly permission: Permission;
  /** The names of input fields; the first that is given names the place. */
  readonly at: readonly string[];
  /** The permission is needed at what the place lies in: who gives it something, not who has it. */
  readonly above: boolean;
}

const nouns = {
  org: "quota",
  workspace: "workspace",
  project: "project",
  server: "server",
  task: "task",
  run: "run",
} as const;
type PlacedKind = keyof typeof nouns;
const placedKinds = Object.keys(nouns) as PlacedKind[];

/** What people write, which may look like an id by chance. */
const freeText: ReadonlySet<string> = new Set(["args", "secretInput", "name"]);

/** Every id in an input of something that lies at a place, wherever it stands in it. */
export function placedIdsIn(input: unknown, without: readonly string[] = []): string[] {
  if (typeof input === "string") return kindOf(input) === null ? [] : [input];
  if (typeof input !== "object" || input === null) return [];
  return Object.entries(input).flatMap(([name, value]) =>
    freeText.has(name) || without.includes(name) ? [] : placedIdsIn(value),
  );
}

function kindOf(id: string): PlacedKind | null {
  if (!/_[0-9a-hjkmnp-tv-z]{26}$/.test(id)) return null;
  return placedKinds.find((kind) => id.startsWith(`${idPrefixes[kind]}_`)) ?? null;
}

/**
 * Refuses ids of what the caller may not see, word for word as ids of what does not exist. Only for who sees a part of the
 * org: for the others its services do that.
 */
export async function checkVisible(db: Database, caller: Caller, ids: readonly string[]): Promise<void> {
  if (caller.role !== null || ids.length === 0) return;
  const found = await locate(db, caller, ids);
  for (const id of ids) requireVisible(caller, id, found.get(id));
}

/** Those of these ids whose things the caller may see. */
export async function visibleIds(db: Database, caller: Caller, ids: readonly string[]): Promise<ReadonlySet<string>> {
  const found = await locate(db, caller, [...new Set(ids)]);
  return new Set([...found].flatMap(([id, location]) => (isLocationVisible(caller, location) ? [id] : [])));
}

/**
 * What the caller is at the place that an input names.
 *
 * @throws `NOT_FOUND` where the caller may not see it or it is not there, `FORBIDDEN` where that is not enough
 */
export async function checkPlace(
  db: Database,
  caller: Caller,
  demand: PlaceDemand & { readonly input: unknown },
): Promise<readonly Role[]> {
  const { permission, at, above, input } = demand;
  // What is the same everywhere is not looked up: whether the place is there is for the service to say.
  if (caller.grants.length === 0) return requireAllowed(permission, rolesAt(caller, wholeOrg));
  const fields = (input ?? {}) as Readonly<Record<string, unknown>>;
  const id = at.map((name) => fields[name]).find((value) => typeof value === "string");
  if (id === undefined) return requireAllowed(permission, rolesAt(caller, wholeOrg));
  const location = (await locate(db, caller, [id])).get(id);
  requireVisible(caller, id, location);
  const place = above ? { workspaceId: parentOf(location), projectId: null } : location;
  const held = rolesAt(caller, place);
  if (mayAt(caller, permission, place) && location.kind !== "server") return held;
  if (location.kind === "server" && location.isOnTheWay && isGivenAtServers(permission)) return held;
  return requireAllowed(permission, held);
}

function parentOf({ kind, workspaceId }: Location): Location["workspaceId"] {
  return kind === "project" ? workspaceId : null;
}

function isGivenAtServers(permission: Permission): boolean {
  const given: readonly Permission[] = givenAround.server;
  return given.includes(permission);
}

function requireVisible(caller: Caller, id: string, location: Location | undefined): asserts location is Location {
  if (location === undefined || !isLocationVisible(caller, location)) throw notFound(nouns[kindOf(id) ?? "org"]);
}

function isLocationVisible(caller: Caller, location: Location): boolean {
  if (location.kind === "server") return caller.role !== null || location.isOnTheWay;
  if (location.kind === "within") return rolesAt(caller, location).length > 0;
  return isVisible(caller, location);
}

function requireAllowed(permission: Permission, held: readonly Role[]): readonly Role[] {
  if (mayWith(held, permission)) return held;
  throw forbidden(held, permission);
}

/** Says what the caller is there, and who may. */
export function forbidden(held: readonly Role[], permission: Permission, what = "this"): QuarterdeckError {
  const role =
    held.length === 0 ? "You have no role there that allows" : `Your role there (${held.join(", ")}) does not allow`;
  const who = rolesWith(permission);
  return new QuarterdeckError(
    "FORBIDDEN",
    `${role} ${what}. Ask somebody who may: ${who.length === 0 ? "nobody in an org" : who.join(" or ")}.`,
  );
}
