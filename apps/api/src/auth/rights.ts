import type { ProjectId, WorkspaceId } from "@quarterdeck/core/ids";
import { givenAround, isAllowed, permissionNames, type Permission, type Role } from "./permissions.ts";

// Without an import of Node's, because the console decides with it too.

/** A role on one workspace, or on one project of it. */
export interface Grant {
  readonly workspaceId: WorkspaceId;
  /** Null: on the workspace, with all its projects. */
  readonly projectId: ProjectId | null;
  readonly role: Role;
}

/** All that somebody is in an org. */
export interface Rights {
  /** On the org and everything in it. Null: only what the grants give. */
  readonly role: Role | null;
  readonly grants: readonly Grant[];
}

/** A place in an org: the org itself, a workspace, or a project. */
export interface Place {
  readonly workspaceId: WorkspaceId | null;
  readonly projectId: ProjectId | null;
}

export const wholeOrg: Place = { workspaceId: null, projectId: null };

/** What somebody is at a place: what they are on it and on all that it lies in. Which of them gives a right is all the same. */
export function rolesAt({ role, grants }: Rights, { workspaceId, projectId }: Place): readonly Role[] {
  const given = grants.filter(
    (grant) => grant.workspaceId === workspaceId && (grant.projectId === null || grant.projectId === projectId),
  );
  return [...(role === null ? [] : [role]), ...given.map((grant) => grant.role)];
}

export function mayWith(held: readonly Role[], permission: Permission): boolean {
  return held.some((role) => isAllowed(role, permission));
}

/** Whether somebody may do something at a place, and to what lies in it. */
export function mayAt(rights: Rights, permission: Permission, place: Place): boolean {
  return mayWith(rolesAt(rights, place), permission) || isGivenAround(rights, permission, place);
}

/** Whether there is a place where somebody may do something. */
export function mayAnywhere(rights: Rights, permission: Permission): boolean {
  const given = rights.grants.map(({ role }) => role);
  if (mayWith([...(rights.role === null ? [] : [rights.role]), ...given], permission)) return true;
  return given.length > 0 && Object.values(givenAround).some((names) => has(names, permission));
}

/** Whether somebody may know that a place is there: who may do something in it finds the way to it. */
export function isVisible(rights: Rights, place: Place): boolean {
  return rolesAt(rights, place).length > 0 || hasGrantIn(rights, place);
}

function isGivenAround(rights: Rights, permission: Permission, place: Place): boolean {
  if (place.projectId !== null || !hasGrantIn(rights, place)) return false;
  return has(place.workspaceId === null ? givenAround.org : givenAround.workspace, permission);
}

function hasGrantIn({ grants }: Rights, { workspaceId, projectId }: Place): boolean {
  if (projectId !== null) return false;
  return grants.some((grant) => workspaceId === null || grant.workspaceId === workspaceId);
}

function has(names: readonly Permission[], permission: Permission): boolean {
  return names.includes(permission);
}

/** Whether somebody may do less anywhere than before. */
export function isLowered(before: Rights, after: Rights): boolean {
  return placesOf(before).some((place) =>
    permissionNames.some((permission) => mayAt(before, permission, place) && !mayAt(after, permission, place)),
  );
}

/** Whether there is a place of which somebody could read something and cannot read anything any more. */
export function losesReading(before: Rights, after: Rights): boolean {
  return placesOf(before).some((place) => rolesAt(before, place).length > 0 && rolesAt(after, place).length === 0);
}

/** What somebody could do and cannot, and the other way round, at the places where that changes. */
export interface RightsChange {
  readonly place: Place;
  readonly gained: readonly Permission[];
  readonly lost: readonly Permission[];
}

/** What a change of somebody's rights gives and takes, by the table. */
export function compareRights(before: Rights, after: Rights): RightsChange[] {
  return uniquePlaces([...placesOf(before), ...placesOf(after)])
    .map((place) => ({
      place,
      gained: permissionNames.filter((name) => mayAt(after, name, place) && !mayAt(before, name, place)),
      lost: permissionNames.filter((name) => mayAt(before, name, place) && !mayAt(after, name, place)),
    }))
    .filter(({ gained, lost }) => gained.length > 0 || lost.length > 0);
}

/** Where somebody's rights may differ: anywhere else they are as at one of these. */
function placesOf({ grants }: Rights): Place[] {
  return uniquePlaces([
    wholeOrg,
    ...grants.flatMap(({ workspaceId, projectId }) => [
      { workspaceId, projectId: null },
      { workspaceId, projectId },
    ]),
  ]);
}

function uniquePlaces(places: readonly Place[]): Place[] {
  return [...new Map(places.map((place) => [place.projectId ?? place.workspaceId, place])).values()];
}
