/** All tables, each in the file of its part. */
export * from "./schema/orgs.ts";
export * from "./schema/accounts.ts";
export * from "./schema/servers.ts";
export * from "./schema/projects.ts";
export * from "./schema/grants.ts";
export * from "./schema/tasks.ts";
export * from "./schema/updates.ts";
export * from "./schema/quotas.ts";
export * from "./schema/limits.ts";
export * from "./schema/events.ts";
export * from "./schema/audit.ts";
export * from "./schema/telemetry.ts";
export * from "./schema/service-accounts.ts";
