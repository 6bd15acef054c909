import { isDeepStrictEqual } from "node:util";
import { platformIdentitySchema, signedEnrolRequestSchema } from "@quarterdeck/core/protocol/enrolment";
import {
  drainRequestSchema,
  outboxAnswerSchema,
  outboxBatchSchema,
  renewalAnswerSchema,
  renewalRequestSchema,
  reportAnswerSchema,
  reportBatchSchema,
  viewerRevocationSchema,
  waitingAnswerSchema,
} from "@quarterdeck/core/protocol/relay-api";
import * as z from "zod";
import { mustHold, type FuzzTarget } from "../fuzz-target.ts";

const schemas: readonly z.ZodType[] = [
  outboxBatchSchema,
  outboxAnswerSchema,
  reportBatchSchema,
  reportAnswerSchema,
  renewalRequestSchema,
  renewalAnswerSchema,
  waitingAnswerSchema,
  drainRequestSchema,
  viewerRevocationSchema,
  platformIdentitySchema,
  signedEnrolRequestSchema,
];

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
  check(text) {
    const body = parse(text);
    for (const schema of schemas) {
      const parsed = schema.safeParse(body);
      if (!parsed.success) z.prettifyError(parsed.error);
      else mustHold(isDeepStrictEqual(schema.parse(parsed.data), parsed.data), "a body changes each time it is read");
    }
  },
};
