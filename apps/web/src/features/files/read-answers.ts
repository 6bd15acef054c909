import * as z from "zod";

// What a bridge answers to reads is its own words about a user's files: it is checked like everything from outside.

export const fileListingSchema = z.object({
  path: z.string(),
  entries: z.array(
    z.object({
      name: z.string(),
      kind: z.enum(["file", "directory", "symlink", "other"]),
      sizeBytes: z.number().nullable(),
      modifiedAtMs: z.number(),
    }),
  ),
  /** The directory has more entries than were sent. */
  isCut: z.boolean(),
});
export type FileListing = z.infer<typeof fileListingSchema>;

export const commitsSchema = z.object({
  commits: z.array(z.object({ hash: z.string(), subject: z.string(), author: z.string(), committedAtMs: z.number() })),
});
