import type { ProjectId, WorkspaceId } from "@quarterdeck/core/ids";
import fc from "fast-check";
import { expect, test } from "vitest";
import { isAllowed, permissionNames, roles, rolesWith, type Permission } from "./permissions.ts";
import { compareRights, isLowered, losesReading, mayAt, rolesAt, type Place, type Rights } from "./rights.ts";

const workspaces = ["ws_1", "ws_2"].map((id) => id as WorkspaceId);
const places: Place[] = [
  { workspaceId: null, projectId: null },
  ...workspaces.flatMap((workspaceId) => [
    { workspaceId, projectId: null },
    ...[1, 2].map((n) => ({ workspaceId, projectId: `prj_${workspaceId}_${n}` as ProjectId })),
  ]),
];
const narrow = places.flatMap(({ workspaceId, projectId }) =>
  workspaceId === null ? [] : [{ workspaceId, projectId }],
);
const role = fc.constantFrom(...roles);
const anyRights: fc.Arbitrary<Rights> = fc.record({
  role: fc.option(role),
  grants: fc
    .uniqueArray(fc.record({ place: fc.constantFrom(...narrow), role }), { selector: ({ place }) => place })
    .map((all) => all.map((grant) => ({ ...grant.place, role: grant.role }))),
});

test("each role may all that the one below it may", () => {
  for (const permission of permissionNames) {
    const allowed = roles.map((name) => isAllowed(name, permission));
    expect({ permission, allowed }).toEqual({
      permission,
      allowed: [...allowed].sort((a, b) => Number(b) - Number(a)),
    });
  }
});

test("what reads is given by every role, so that a place is visible exactly with a role there", () => {
  const reading = permissionNames.filter((name) => /\.(read|watch)$/.test(name));
  expect(reading.map((name) => rolesWith(name))).toEqual(reading.map(() => roles));
});

test("what somebody may at a place is what the org's role, the workspace's and the project's give together", () => {
  fc.assert(
    fc.property(anyRights, fc.constantFrom(...places), fc.constantFrom(...permissionNames), (rights, place, name) => {
      const grantAt = (at: Place) =>
        rights.grants.find((grant) => grant.workspaceId === at.workspaceId && grant.projectId === at.projectId)?.role;
      const held = [rights.role, grantAt({ ...place, projectId: null }), grantAt(place)];
      const expected = held.some((one) => one !== null && one !== undefined && isAllowed(one, name));
      expect(rolesAt(rights, place).some((one) => isAllowed(one, name))).toBe(expected);
    }),
  );
});

test("what a grant gives around its place is only finding the way: reading, and nothing of a neighbour", () => {
  fc.assert(
    fc.property(anyRights, fc.constantFrom(...places), fc.constantFrom(...permissionNames), (rights, place, name) => {
      const isHeld = rolesAt(rights, place).some((one) => isAllowed(one, name));
      if (isHeld || !mayAt(rights, name, place)) return;
      expect(name).toMatch(/\.read$/);
      expect(place.projectId).toBeNull();
      const isInside = ({ workspaceId }: Place) => place.workspaceId === null || workspaceId === place.workspaceId;
      expect(rights.grants.some(isInside)).toBe(true);
    }),
  );
});

test("a change lowers exactly when something is lost at a place, and ends reading exactly when a place goes dark", () => {
  fc.assert(
    fc.property(anyRights, anyRights, (before, after) => {
      const isLost = (name: Permission, place: Place) => mayAt(before, name, place) && !mayAt(after, name, place);
      expect(isLowered(before, after)).toBe(
        places.some((place) => permissionNames.some((name) => isLost(name, place))),
      );
      expect(losesReading(before, after)).toBe(
        places.some((place) => rolesAt(before, place).length > 0 && rolesAt(after, place).length === 0),
      );
    }),
  );
});

test("a preview says all that is gained and lost, where it is, and nothing else", () => {
  fc.assert(
    fc.property(anyRights, anyRights, (before, after) => {
      const changes = compareRights(before, after);
      for (const { place, gained, lost } of changes)
        for (const name of permissionNames)
          expect([gained.includes(name), lost.includes(name)]).toEqual([
            mayAt(after, name, place) && !mayAt(before, name, place),
            mayAt(before, name, place) && !mayAt(after, name, place),
          ]);
      expect(changes.some(({ lost }) => lost.length > 0)).toBe(isLowered(before, after));
      expect(changes.some(({ gained }) => gained.length > 0)).toBe(isLowered(after, before));
    }),
  );
});
