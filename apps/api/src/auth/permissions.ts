/** What a member of an org may be. */
export const roles = ["owner", "admin", "member", "viewer"] as const;
export type Role = (typeof roles)[number];

/** The one table of who may do what. A permission that no role has is denied to everybody. */
const permissions = {
  "org.read": ["owner", "admin", "member", "viewer"],
  "org.manage": ["owner", "admin"],
  "org.own": ["owner"],
  "members.manage": ["owner"],
  "members.invite": ["owner", "admin"],
  "servers.read": ["owner", "admin", "member", "viewer"],
  "servers.manage": ["owner", "admin"],
  "servers.watch": ["owner", "admin", "member", "viewer"],
  "telemetry.read": ["owner", "admin", "member", "viewer"],
  "workspaces.read": ["owner", "admin", "member", "viewer"],
  "workspaces.create": ["owner", "admin"],
  "workspaces.freeze": ["owner", "admin"],
  "workspaces.archive": ["owner", "admin"],
  "projects.read": ["owner", "admin", "member", "viewer"],
  "projects.create": ["owner", "admin", "member"],
  "projects.manage": ["owner", "admin", "member"],
  "projects.setNetwork": ["owner", "admin"],
  "projects.configure": ["owner", "admin"],
  "tasks.read": ["owner", "admin", "member", "viewer"],
  "tasks.submit": ["owner", "admin", "member", "viewer"],
  "tasks.run": ["owner", "admin", "member"],
  "quotas.read": ["owner", "admin", "member", "viewer"],
  "quotas.manage": ["owner", "admin"],
  "events.read": ["owner", "admin", "member", "viewer"],
} as const satisfies Record<string, readonly Role[]>;

export type Permission = keyof typeof permissions;

export const permissionNames = Object.keys(permissions) as Permission[];

/** Whether the change of a role takes something away. */
export function isLowered(from: Role, to: Role): boolean {
  return permissionNames.some((permission) => isAllowed(from, permission) && !isAllowed(to, permission));
}

export function isAllowed(role: Role, permission: Permission): boolean {
  const allowed: readonly Role[] = permissions[permission];
  return allowed.includes(role);
}
