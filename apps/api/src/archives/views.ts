import { idSchema, type ProjectId, type WorkspaceId } from "@quarterdeck/core/ids";
import { archivedProjectSchema, archivesKeptSchema } from "@quarterdeck/core/protocol/archive-report";
import * as z from "zod";

/** Whose archives: a project's, or those of a workspace as a whole. */
export type ArchiveOwner =
  | { readonly kind: "project"; readonly workspaceId: WorkspaceId; readonly projectId: ProjectId }
  | { readonly kind: "workspace"; readonly workspaceId: WorkspaceId; readonly projectId: null };

export const archiveStates = ["kept", "deleting", "removed"] as const;

/** Why an archive is not on its server any more: somebody had it deleted, newer ones took its place, or it was not there. */
export const removals = ["deleted", "retention", "missing"] as const;
export type Removal = (typeof removals)[number];

const archiveViewSchema = z.strictObject({
  /** The run that made it. */
  archiveId: idSchema("run"),
  taskId: idSchema("task"),
  /** Who asked for it. */
  madeBy: z.string(),
  madeAtMs: z.int(),
  sizeBytes: z.int(),
  /** SHA-256 in hexadecimal. */
  sha256: z.string(),
  /** What is in that of a workspace. */
  projects: z.array(archivedProjectSchema.extend({ name: z.string().nullable() })),
  state: z.enum(archiveStates),
  removal: z.enum(removals).nullable(),
  removedAtMs: z.int().nullable(),
});
export type ArchiveView = z.infer<typeof archiveViewSchema>;

export const archiveListSchema = z.strictObject({
  /** How many are kept: the oldest beyond go when a new one has succeeded. */
  keeps: archivesKeptSchema,
  /** The task that makes, restores or deletes one now. */
  underWay: z.strictObject({ taskId: idSchema("task"), action: z.string() }).nullable(),
  /** The newest task about them, where it did not succeed. */
  problem: z.strictObject({ taskId: idSchema("task"), action: z.string(), message: z.string().nullable() }).nullable(),
  /** The newest first, also some that are gone. */
  archives: z.array(archiveViewSchema),
});
export type ArchiveListView = z.infer<typeof archiveListSchema>;
