/** What somebody may be: on an org, or narrower, on a workspace or a project. */
export const roles = ["owner", "admin", "developer", "viewer"] as const;
export type Role = (typeof roles)[number];

const everybody = roles;

/** The one table of who may do what. A permission that no role has is denied to everybody. */
const permissions = {
  "org.read": everybody,
  "org.manage": ["owner", "admin"],
  "org.own": ["owner"],
  "members.read": everybody,
  "members.manage": ["owner"],
  "members.invite": ["owner", "admin"],
  "grants.manage": ["owner", "admin"],
  "servers.read": everybody,
  "servers.manage": ["owner", "admin"],
  "servers.watch": everybody,
  "telemetry.read": everybody,
  "workspaces.read": everybody,
  "workspaces.create": ["owner", "admin"],
  "workspaces.freeze": ["owner", "admin"],
  "workspaces.archive": ["owner", "admin"],
  "projects.read": everybody,
  "projects.create": ["owner", "admin", "developer"],
  "projects.manage": ["owner", "admin", "developer"],
  "projects.setNetwork": ["owner", "admin"],
  "projects.configure": ["owner", "admin"],
  "archives.read": everybody,
  "tasks.read": everybody,
  "tasks.submit": everybody,
  "tasks.run": ["owner", "admin", "developer"],
  "quotas.read": everybody,
  "quotas.manage": ["owner", "admin"],
  "audit.read": ["owner", "admin"],
  "audit.manage": ["owner"],
  "events.read": everybody,
} as const satisfies Record<string, readonly Role[]>;

export type Permission = keyof typeof permissions;

export const permissionNames = Object.keys(permissions) as Permission[];

/** What a role on a workspace or a project gives at what lies around it, so that one finds the way there: no more than that. */
export const givenAround = {
  org: ["org.read", "events.read", "quotas.read"],
  server: ["servers.read", "servers.watch"],
  workspace: ["workspaces.read"],
} as const satisfies Record<string, readonly Permission[]>;

/** Whether a role gives a permission; no role gives none. */
export function isAllowed(role: Role | null, permission: Permission): boolean {
  return role !== null && rolesWith(permission).includes(role);
}

/** The roles that give a permission. */
export function rolesWith(permission: Permission): readonly Role[] {
  return permissions[permission];
}
