import * as z from "zod";
import { idSchema } from "../ids.ts";
import { archivesKeptSchema } from "../protocol/archive-report.ts";
import { bridgeVersionSchema } from "../protocol/release.ts";
import { noResources, type Resources } from "../quota/resources.ts";
import { gibibyte, hourMs, mebibyte, minuteMs, secondMs } from "../units.ts";

/**
 * What may be done about a run that was cut off: run it again (`idempotent`), or nothing, because it must start at most once
 * (`once`).
 */
export const effects = ["idempotent", "once"] as const;
export type Effect = (typeof effects)[number];

/** A typed action: what a command may ask a bridge to do. */
export interface Action<Params extends z.ZodType = z.ZodType> {
  readonly params: Params;
  readonly effect: Effect;
  /** What a run of it reserves unless the task says otherwise. */
  readonly demand: Resources;
  readonly timeoutMs: number;
  /** Reads are bound to no order, reserve nothing and are left out of the history. */
  readonly isRead: boolean;
  /** Whether it needs a project's directory; the others work on the workspace or the bridge. */
  readonly needsProject: boolean;
}

function action<Params extends z.ZodType>(definition: Action<Params>): Action<Params> {
  return definition;
}

const makeArchive = z.strictObject({
  /** How many archives of it there may be then; the oldest beyond are removed when this one is kept. */
  keeps: archivesKeptSchema,
});
const restoreArchive = z.strictObject({
  /** The run that made the archive. */
  archive: idSchema("run"),
  /** Whether it may take the place of a directory that is there. */
  replaces: z.boolean(),
});
const deleteArchive = z.strictObject({ archive: idSchema("run") });

const aRun: Resources = { cpu: 400, memory: 512 * mebibyte, runs: 1 };
const noNul = /^[^\0]*$/;

/** The most arguments and bytes of them that `exec` takes; they fit a command frame with room to spare. */
export const maxArguments = 256;
export const maxArgumentLength = 8192;
const argument = z.string().max(maxArgumentLength).regex(noNul, "must not contain a NUL character");

const relativePath = z
  .string()
  .max(4096)
  .regex(noNul, "must not contain a NUL character")
  .refine((path) => !path.startsWith("/") && !path.split("/").includes(".."), "must stay inside the project");

const branchName = z
  .string()
  .min(1)
  .max(255)
  .regex(
    // oxlint-disable-next-line no-control-regex -- control characters are what must not pass
    /^(?![-/.])(?!.*(\.\.|\/\/|@\{|\.lock(\/|$)|\/\.))[^\s~^:?*[\\\u0000-\u001f\u007f]+(?<![/.])$/u,
    "is not the name of a branch",
  );

export const actions = {
  "workspace.create": action({
    params: z.strictObject({}),
    effect: "idempotent",
    demand: noResources,
    timeoutMs: 30 * secondMs,
    isRead: false,
    needsProject: false,
  }),
  "project.clone": action({
    params: z.strictObject({ url: z.string().min(1).max(2048), branch: branchName.optional() }),
    effect: "idempotent",
    demand: aRun,
    timeoutMs: 30 * minuteMs,
    isRead: false,
    needsProject: true,
  }),
  "project.archive": action({
    params: makeArchive,
    // Its archive is named after the run.
    effect: "idempotent",
    demand: aRun,
    timeoutMs: hourMs,
    isRead: false,
    needsProject: true,
  }),
  "project.restore": action({
    params: restoreArchive,
    effect: "idempotent",
    demand: aRun,
    timeoutMs: hourMs,
    isRead: false,
    needsProject: true,
  }),
  "project.deleteArchive": action({
    params: deleteArchive,
    effect: "idempotent",
    demand: noResources,
    timeoutMs: minuteMs,
    isRead: false,
    needsProject: true,
  }),
  "workspace.archive": action({
    params: makeArchive,
    // Its archive is named after the run.
    effect: "idempotent",
    demand: aRun,
    timeoutMs: 4 * hourMs,
    isRead: false,
    needsProject: false,
  }),
  "workspace.restore": action({
    params: restoreArchive,
    effect: "idempotent",
    demand: aRun,
    timeoutMs: 4 * hourMs,
    isRead: false,
    needsProject: false,
  }),
  "workspace.deleteArchive": action({
    params: deleteArchive,
    effect: "idempotent",
    demand: noResources,
    timeoutMs: minuteMs,
    isRead: false,
    needsProject: false,
  }),
  "git.status": action({
    params: z.strictObject({}),
    effect: "idempotent",
    demand: noResources,
    timeoutMs: 30 * secondMs,
    isRead: true,
    needsProject: true,
  }),
  "git.log": action({
    params: z.strictObject({ limit: z.int().min(1).max(200) }),
    effect: "idempotent",
    demand: noResources,
    timeoutMs: 30 * secondMs,
    isRead: true,
    needsProject: true,
  }),
  "git.pull": action({
    params: z.strictObject({}),
    effect: "idempotent",
    demand: aRun,
    timeoutMs: 30 * minuteMs,
    isRead: false,
    needsProject: true,
  }),
  "files.list": action({
    params: z.strictObject({ path: relativePath }),
    effect: "idempotent",
    demand: noResources,
    timeoutMs: 30 * secondMs,
    isRead: true,
    needsProject: true,
  }),
  exec: action({
    params: z.strictObject({
      program: z.string().min(1).max(255),
      args: z.array(argument).max(maxArguments),
      /** Whether viewers may type into it (PROTOCOL 13); its standard input is closed otherwise. */
      input: z.boolean().optional(),
    }),
    effect: "once",
    demand: aRun,
    timeoutMs: hourMs,
    isRead: false,
    needsProject: false,
  }),
  "task.cancel": action({
    params: z.strictObject({ runId: idSchema("run") }),
    effect: "idempotent",
    demand: noResources,
    timeoutMs: 30 * secondMs,
    isRead: false,
    needsProject: false,
  }),
  // Its limits are those that every command carries: it brings them where runs go on and none comes (PROTOCOL 16.3).
  "workspace.limits": action({
    params: z.strictObject({}),
    effect: "idempotent",
    demand: noResources,
    timeoutMs: 30 * secondMs,
    isRead: true,
    needsProject: false,
  }),
  // Bound to no order: they are about the runs that go on.
  "workspace.freeze": action({
    params: z.strictObject({}),
    effect: "idempotent",
    demand: noResources,
    timeoutMs: 30 * secondMs,
    isRead: false,
    needsProject: false,
  }),
  "workspace.thaw": action({
    params: z.strictObject({}),
    effect: "idempotent",
    demand: noResources,
    timeoutMs: 30 * secondMs,
    isRead: false,
    needsProject: false,
  }),
  "bridge.update": action({
    params: z.strictObject({
      version: bridgeVersionSchema,
      /** SHA-256 of the manifest's signed text: which package exactly. */
      manifestHash: z.string().regex(/^[A-Za-z0-9_-]{43}$/, "must be a SHA-256 in base64url"),
      allowsDowngrade: z.boolean(),
      /** A package that failed on this server is tried again only if this says so. */
      triesAgain: z.boolean(),
    }),
    // Cut off, it looks at what runs and goes on from there.
    effect: "idempotent",
    demand: noResources,
    timeoutMs: 10 * minuteMs,
    isRead: false,
    needsProject: false,
  }),
  "task.log": action({
    params: z.strictObject({
      runId: idSchema("run"),
      fromOffset: z.int().min(0),
      maxBytes: z
        .int()
        .min(1)
        .max(16 * mebibyte),
    }),
    effect: "idempotent",
    demand: noResources,
    timeoutMs: minuteMs,
    isRead: true,
    needsProject: false,
  }),
} as const satisfies Record<string, Action>;

export type ActionName = keyof typeof actions;
export type ActionParams<A extends ActionName> = z.infer<(typeof actions)[A]["params"]>;

export const actionNames = Object.keys(actions) as ActionName[];

/** The action of a name, or `undefined` when this version does not know it. */
export function findAction(name: string): Action | undefined {
  return Object.hasOwn(actions, name) ? actions[name as ActionName] : undefined;
}

/** Whether an action works on the bridge itself and has no content; the others need a workspace, whose key seals theirs. */
export function worksOnBridge(name: string): boolean {
  return name === "task.cancel" || name === "bridge.update";
}

/** The most output of one run that a bridge keeps; past it the run goes on and the cut is recorded. */
export const defaultOutputLimitBytes = 1 * gibibyte;
