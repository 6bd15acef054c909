import * as z from "zod";
import { idSchema } from "../ids.ts";

/** How many archives of a project or a workspace may be kept, and how many are where nobody chose. */
export const mostArchivesKept = 50;
export const defaultArchivesKept = 5;
export const archivesKeptSchema = z.int().min(1).max(mostArchivesKept);

/** The most projects in an archive of a workspace. */
export const mostArchivedProjects = 200;
/** The most archives that a report lists. */
export const mostListedArchives = 200;

const sha256Schema = z.string().regex(/^[0-9a-f]{64}$/, "must be a SHA-256 in hexadecimal");
const sizeSchema = z.int().min(0);

/** A project in an archive of a workspace: its own archive, and that one's checksum. */
export const archivedProjectSchema = z.strictObject({
  projectId: idSchema("project"),
  sizeBytes: sizeSchema,
  sha256: sha256Schema,
});
export type ArchivedProject = z.infer<typeof archivedProjectSchema>;

/** An archive as it is on the server's disk. */
export const madeArchiveSchema = z.strictObject({
  sizeBytes: sizeSchema,
  sha256: sha256Schema,
  /** Those of a workspace; of a project's archive, none. */
  projects: z.array(archivedProjectSchema).max(mostArchivedProjects),
});
export type MadeArchive = z.infer<typeof madeArchiveSchema>;

/** What a run did to the archives of its project or workspace (PROTOCOL 19.8). */
export const archiveReportSchema = z.strictObject({
  /** The archive that it made, which has the run's id. */
  made: madeArchiveSchema.nullable(),
  /** The archives that there are now, by the runs that made them, the newest first. */
  kept: z.array(idSchema("run")).max(mostListedArchives),
});
export type ArchiveReport = z.infer<typeof archiveReportSchema>;
