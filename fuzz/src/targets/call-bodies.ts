import { isDeepStrictEqual } from "node:util";
import { platformIdentitySchema, signedEnrolRequestSchema } from "@quarterdeck/core/protocol/enrolment";
import {
  auditHeadAnswerSchema,
  auditHeadRequestSchema,
  drainRequestSchema,
  outboxAnswerSchema,
  outboxBatchSchema,
  outboxEntrySchema,
  renewalAnswerSchema,
  renewalRequestSchema,
  reportAnswerSchema,
  reportBatchSchema,
  reportSchema,
  waitingAnswerSchema,
} from "@quarterdeck/core/protocol/relay-api";
import { telemetryAnswerSchema, telemetryBatchSchema } from "@quarterdeck/core/protocol/telemetry-minutes";
import * as z from "zod";
import { mustHold, type FuzzTarget, type Shape } from "../fuzz-target.ts";

const schemas: Readonly<Record<string, z.ZodType>> = {
  outboxBatchSchema,
  outboxAnswerSchema,
  reportBatchSchema,
  reportAnswerSchema,
  renewalRequestSchema,
  renewalAnswerSchema,
  waitingAnswerSchema,
  telemetryBatchSchema,
  telemetryAnswerSchema,
  auditHeadRequestSchema,
  auditHeadAnswerSchema,
  drainRequestSchema,
  platformIdentitySchema,
  signedEnrolRequestSchema,
};

/** What comes in a list with others, each of its own kind. */
const kinds: readonly Shape[] = [
  ...outboxEntrySchema.options.map(({ shape }) => holds("entries", outboxBatchSchema, shape.kind.value)),
  ...reportSchema.options.map(({ shape }) => holds("reports", reportBatchSchema, shape.kind.value)),
];

function holds(list: "entries" | "reports", schema: z.ZodType, kind: string): Shape {
  return {
    name: `${kind} in ${list}`,
    isOne: (text) => {
      const parsed = schema.safeParse(parse(text));
      const items = parsed.success ? (parsed.data as Record<string, { kind: string }[]>)[list] : [];
      return items?.some((item) => item.kind === kind) ?? false;
    },
  };
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** What API, relay and an enrolling bridge say to each other over HTTP. */
export const callBodies: FuzzTarget = {
  name: "call-bodies",
  grammar: "json",
  shapes: [
    ...Object.entries(schemas).map(([name, schema]) => ({
      name,
      isOne: (text: string) => schema.safeParse(parse(text)).success,
    })),
    ...kinds,
  ],
  check(text) {
    const body = parse(text);
    for (const schema of Object.values(schemas)) {
      const parsed = schema.safeParse(body);
      if (!parsed.success) z.prettifyError(parsed.error);
      else mustHold(isDeepStrictEqual(schema.parse(parsed.data), parsed.data), "a body changes each time it is read");
    }
  },
};
