import type { OrgId, UserId } from "@quarterdeck/core/ids";
import fc from "fast-check";
import { expect, test } from "vitest";
import { openAccess } from "../orgs/access.ts";
import { isAllowed, permissionNames, roles, type Role } from "./permissions.ts";
import { findLosses } from "./rights-watch.ts";
import type { RightInUse } from "./rights-in-use.ts";

const orgId = "org_1" as OrgId;
const access = JSON.stringify(openAccess);
const userId = "usr_1" as UserId;
const right = (tokenHash: string, role: Role): RightInUse => ({
  tokenHash,
  caller: {
    orgId,
    userId,
    role,
    grants: [],
    email: "a@example.com",
    orgName: "Orchard",
    plan: "premium",
    access: openAccess,
    deleteAtMs: null,
  },
});

test("a right is lost exactly when its session or a permission of its role is gone, and reading only with the membership", () => {
  const standing = fc.record({ hasSession: fc.boolean(), role: fc.option(fc.constantFrom(...roles)) });
  fc.assert(
    fc.property(fc.constantFrom(...roles), standing, (used, { hasSession, role }) => {
      const losses = findLosses(
        [right("a", used)],
        [{ tokenHash: "a", orgId, hasSession, rights: role && { role, grants: [] }, access }],
      );
      const isKept = (now: Role) => permissionNames.every((name) => !isAllowed(used, name) || isAllowed(now, name));
      const expected = role === null ? ["removed"] : !isKept(role) ? ["lowered"] : hasSession ? [] : ["sessionEnded"];
      expect(losses.map(({ kind }) => kind)).toEqual(expected);
    }),
  );
});

test("what a user loses in several sessions is one loss, the widest", () => {
  const used = [right("a", "developer"), right("b", "viewer"), right("b", "developer")];
  const standings = [
    { tokenHash: "a", orgId, hasSession: true, rights: { role: "viewer" as const, grants: [] }, access },
    { tokenHash: "b", orgId, hasSession: false, rights: { role: "viewer" as const, grants: [] }, access },
  ];
  expect(findLosses(used, standings)).toEqual([{ orgId, userId, kind: "lowered", endsReading: false, rights: used }]);
  expect(findLosses(used, [])).toEqual([{ orgId, userId, kind: "removed", endsReading: true, rights: used }]);
});

test("whoever came in by other rules than hold now has to come in again, unless more than that is lost", () => {
  const used = [right("a", "viewer")];
  const standing = {
    tokenHash: "a",
    orgId,
    hasSession: true,
    rights: { role: "viewer" as const, grants: [] },
    access: '{"addresses":[]}',
  };
  expect(findLosses(used, [standing])).toEqual([
    { orgId, userId, kind: "admission", endsReading: false, rights: used },
  ]);
  expect(findLosses(used, [{ ...standing, rights: null }])[0]?.kind).toBe("removed");
});
