import { sandboxFactsSchema } from "@quarterdeck/core/protocol/capabilities";
import { idSchema } from "@quarterdeck/core/ids";
import { archiveReportSchema } from "@quarterdeck/core/protocol/archive-report";
import { commandTextSchema } from "@quarterdeck/core/protocol/command";
import { maxKeyStatements } from "@quarterdeck/core/protocol/key-set";
import { limitEvidenceSchema } from "@quarterdeck/core/protocol/limit-evidence";
import { verdictSchema } from "@quarterdeck/core/protocol/result";
import { signedTextSchema } from "@quarterdeck/core/protocol/signing";
import { limitedResources } from "@quarterdeck/core/quota/kernel-limits";
import * as z from "zod";

/** What daemon and helper speak; another number is not spoken with. */
export const helperProtocol = 3;

const nothing = z.strictObject({});
const ofRun = z.strictObject({ runId: idSchema("run") });

const completionSchema = z.strictObject({
  verdict: verdictSchema,
  code: z.string().nullable(),
  message: z.string().nullable(),
  quote: z.string().exactOptional(),
  repository: z
    .strictObject({
      branch: z.string().nullable(),
      head: z
        .strictObject({ hash: z.string(), subject: z.string(), author: z.string(), committedAtMs: z.number() })
        .nullable(),
    })
    .nullable(),
  archives: archiveReportSchema.exactOptional(),
  used: z.strictObject({ cpuMs: z.int().exactOptional(), peakMemory: z.int().exactOptional() }).exactOptional(),
});

const amount = z.number();
const usageSchema = z.strictObject({
  workspaceId: idSchema("workspace"),
  projectId: idSchema("project").nullable(),
  runId: idSchema("run").nullable(),
  cpuUsec: amount,
  memory: amount,
  tasks: amount,
  oomKills: amount,
  pressure: z.strictObject({ cpu: amount, memory: amount, io: amount }).nullable(),
  disk: amount.nullable(),
  /** A helper from before it says nothing. */
  network: z.strictObject({ received: amount, sent: amount }).nullable().exactOptional(),
});

/**
 * Everything that a daemon may ask of a helper, and what it is answered. Nothing in here is believed: a run is known by the
 * command that the platform signed, and what is done to it follows from that.
 */
export const hostVerbs = {
  facts: {
    params: nothing,
    answer: z.union([
      // What a newer helper says besides is nothing that this daemon needs.
      z.object({
        protocol: z.literal(helperProtocol),
        keysVersion: z.int(),
        isolation: z.enum(["hidden", "consented", "missing"]),
        reason: z.string().nullable(),
        sandbox: sandboxFactsSchema,
        driver: z.enum(["systemd", "cgroup", "process"]),
        driverReason: z.string(),
        limited: z.array(z.enum(limitedResources)),
        programs: z.array(z.string()),
        actions: z.array(z.string()),
        features: z.array(z.string()),
      }),
      // Of another version nothing is known but that.
      z.object({ protocol: z.int().refine((protocol) => protocol !== helperProtocol) }),
    ]),
  },
  /** Statements of the platform about its keys, oldest first. */
  keys: {
    params: z.strictObject({ statements: z.array(signedTextSchema).max(maxKeyStatements) }),
    answer: z.strictObject({ version: z.int() }),
  },
  look: {
    params: ofRun,
    answer: z.strictObject({ hasResult: z.boolean(), hasStartMarker: z.boolean(), isWrapperAlive: z.boolean() }),
  },
  prepare: {
    params: z.strictObject({ text: commandTextSchema }),
    answer: z.discriminatedUnion("kind", [
      z.strictObject({ kind: z.literal("ready") }),
      z.strictObject({ kind: z.literal("noRoom") }),
      z.strictObject({ kind: z.literal("ended"), completion: completionSchema }),
    ]),
  },
  launch: { params: ofRun, answer: nothing },
  /** Answered when the wrapper has done with the run, or is gone. */
  untilEnded: { params: ofRun, answer: nothing },
  clear: { params: ofRun, answer: nothing },
  complete: { params: ofRun.extend({ isCancelled: z.boolean() }), answer: completionSchema },
  runOwn: { params: ofRun, answer: completionSchema },
  cancel: { params: ofRun, answer: nothing },
  kill: { params: ofRun, answer: nothing },
  endInput: { params: ofRun, answer: nothing },
  dropOutput: { params: ofRun, answer: nothing },
  forget: { params: ofRun, answer: nothing },
  usage: { params: nothing, answer: z.array(usageSchema) },
} as const;

export type HostVerb = keyof typeof hostVerbs;
export type VerbParams<V extends HostVerb> = z.infer<(typeof hostVerbs)[V]["params"]>;
export type VerbAnswer<V extends HostVerb> = z.infer<(typeof hostVerbs)[V]["answer"]>;

export const hostVerbNames = Object.keys(hostVerbs) as [HostVerb, ...HostVerb[]];

/** A line of the daemon. Its parameters are read with the schema of its verb. */
export const requestSchema = z.strictObject({
  id: z.int().min(1),
  verb: z.enum(hostVerbNames),
  params: z.record(z.string(), z.unknown()),
});

/** A line of the helper: an answer, or something that it says by itself. */
export const helperLineSchema = z.union([
  z.strictObject({ id: z.int(), answer: z.unknown() }),
  z.strictObject({ id: z.int().nullable(), error: z.strictObject({ code: z.string(), message: z.string() }) }),
  z.strictObject({ evidence: z.array(limitEvidenceSchema) }),
]);
export type HelperLine = z.infer<typeof helperLineSchema>;
