import * as z from "zod";
import { idSchema } from "../ids.ts";
import { kibibyte } from "../units.ts";
import { archiveReportSchema } from "./archive-report.ts";
import { sealedContentSchema } from "./content-format.ts";
import { limits } from "./limits.ts";

/** How a run ended. */
export const verdicts = [
  "succeeded", // the program ended with exit code 0
  "failed", // it ended with another code or by a signal of its own
  "cancelled", // someone cancelled it
  "timedOut", // it ran longer than it may
  "refused", // the bridge did not start it; nothing has happened
  "expired", // it waited past its command's expiry; nothing has happened
  "interrupted", // it was stopped because Quarterdeck on that machine was stopped, or out of the platform's reach for too long
  "indeterminate", // it started and was cut off, and may or may not have had its effect
] as const;
export type Verdict = (typeof verdicts)[number];
export const verdictSchema = z.enum(verdicts);

const resultBase = {
  v: z.literal(1),
  serverId: idSchema("server"),
  commandId: idSchema("command"),
  runId: idSchema("run"),
  taskId: idSchema("task"),
  attempt: z.int().min(1),
};

export const runStartedSchema = z.strictObject({ ...resultBase, kind: z.literal("started"), startedAtMs: z.int() });

/** What of a commit is content. */
export const commitAboutSchema = z.strictObject({ subject: z.string().max(500), author: z.string().max(200) });
export type CommitAbout = z.infer<typeof commitAboutSchema>;

/** The state of a repository after an action on it: what the platform keeps of it. */
export const repositoryStateSchema = z.strictObject({
  branch: z.string().max(255).nullable(),
  head: z
    .strictObject({
      hash: z.string().max(64),
      committedAtMs: z.int(),
      /** Sealed: what `commitAboutSchema` describes, in JSON. */
      about: sealedContentSchema(8 * kibibyte),
    })
    .nullable(),
});
export type RepositoryState = z.infer<typeof repositoryStateSchema>;

export const runFinishedSchema = z.strictObject({
  ...resultBase,
  kind: z.literal("finished"),
  verdict: verdictSchema,
  exitCode: z.int().nullable(),
  signal: z.string().max(32).nullable(),
  startedAtMs: z.int().nullable(),
  finishedAtMs: z.int(),
  /** Measured on the bridge's monotonic clock. */
  durationMs: z.int().min(0),
  /** All output of the run, and how much of it was cut because it passed the limit. */
  outputBytes: z.int().min(0),
  outputCutBytes: z.int().min(0),
  /**
   * Processor time that its processes used in all, and the most memory that they had at once, as its group counted them. Missing
   * where nothing counted it, and to a relay from before (PROTOCOL 4.15).
   */
  cpuMs: z.int().min(0).optional(),
  peakMemory: z.int().min(0).optional(),
  /** The last bytes of the output, sealed; null when there was none, or when nothing was opened to seal it with. */
  tail: sealedContentSchema(limits.tailBytes).nullable(),
  /** Why, for every verdict that is not plain success or failure of the program. The message quotes no program. */
  code: z.string().max(64).nullable(),
  message: z.string().max(2000).nullable(),
  /** What a program said about it, sealed. */
  quote: sealedContentSchema(2 * kibibyte).nullable(),
  repository: repositoryStateSchema.nullable(),
  /** Of a run that made or deleted archives. */
  archives: archiveReportSchema.exactOptional(),
});

/**
 * A command that the platform signed was refused, because its id, or its run's, is known with other content. It says nothing
 * of the run, which keeps its own result.
 */
export const commandConflictSchema = z.strictObject({
  ...resultBase,
  kind: z.literal("conflict"),
  known: z.enum(["command", "run"]),
  atMs: z.int(),
});

/** What a bridge signs about a run (PROTOCOL 4.3). */
export const resultSchema = z.discriminatedUnion("kind", [runStartedSchema, runFinishedSchema, commandConflictSchema]);
export type CommandConflict = z.infer<typeof commandConflictSchema>;
export type RunStarted = z.infer<typeof runStartedSchema>;
export type RunFinished = z.infer<typeof runFinishedSchema>;
export type RunResult = z.infer<typeof resultSchema>;
