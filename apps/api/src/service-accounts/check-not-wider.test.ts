import { expect, test } from "vitest";
import type { Role } from "../auth/permissions.ts";
import type { OrgScope } from "../auth/scope.ts";
import { checkNotWider } from "./check-not-wider.ts";

const as = (role: Role, only: OrgScope["only"] = null) => ({ rolesHere: [role], only }) as unknown as OrgScope;

// By the table of today only owners and admins make service accounts, who may all that one can; that may change.
test("who may less at a place gives nobody more there, and what is narrowed to their own they may give [T4]", () => {
  const wide = { role: "admin", permissions: null } as const;
  expect(() => checkNotWider(as("developer"), wide)).toThrow(/does not allow a service account that may/);
  expect(() => checkNotWider(as("owner", ["tasks.read"]), wide)).toThrow(/is not given/);
  expect(() => checkNotWider(as("developer"), { role: "admin", permissions: ["tasks.run"] })).not.toThrow();
  expect(() => checkNotWider(as("admin"), wide)).not.toThrow();
});
