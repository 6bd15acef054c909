import { isDeepStrictEqual } from "node:util";
import { actionNames, actions } from "@quarterdeck/core/actions/catalogue";
import { auditHeadSchema, heldHeadSchema } from "@quarterdeck/core/protocol/audit-head";
import { accept } from "@quarterdeck/core/errors/result";
import { commandSchema, type Command } from "@quarterdeck/core/protocol/command";
import { enrolAnswerSchema, enrolRequestSchema } from "@quarterdeck/core/protocol/enrolment";
import { helloBodySchema, relayCertificateSchema, welcomeBodySchema } from "@quarterdeck/core/protocol/handshake";
import { evidenceReportSchema } from "@quarterdeck/core/protocol/limit-evidence";
import { defaultPrograms } from "@quarterdeck/core/programs/programs";
import { releaseManifestSchema } from "@quarterdeck/core/protocol/release";
import { resultSchema } from "@quarterdeck/core/protocol/result";
import {
  generateSigningKey,
  importSigningKey,
  openSigned,
  signText,
  type SignatureDomain,
} from "@quarterdeck/core/protocol/signing";
import { decodeTicket, encodeTicket, ticketSchema } from "@quarterdeck/core/protocol/ticket";
import type { ServerId } from "@quarterdeck/core/ids";
import * as z from "zod";
import { readUnverifiedIds } from "../../../packages/bridge/src/verification/unverified-ids.ts";
import { verifyCommand } from "../../../packages/bridge/src/verification/verify-command.ts";
import type { PlatformTrust } from "../../../apps/relay/src/session/platform-trust.ts";
import { openEntries } from "../../../apps/relay/src/server/outbox-entries.ts";
import { mustHold, type FuzzTarget } from "../fuzz-target.ts";

const { publicKey, privateKeyPkcs8 } = await generateSigningKey();
const key = await importSigningKey(privateKeyPkcs8);
const nowMs = 1_700_000_000_000;
const trust: PlatformTrust = {
  keys: { version: 1, current: publicKey, next: (await generateSigningKey()).publicKey, previous: null, revoked: [] },
  statements: [],
  relayCertificate: { signed: "", signature: "" },
};
const rules = {
  platformKeys: () => [publicKey],
  serverId: `srv_${"0".repeat(26)}` as ServerId,
  keyFingerprint: "SHA256:own",
  policy: { judge: accept<Command> },
};

function isOf(schema: z.ZodType, body: string): boolean {
  try {
    return schema.safeParse(JSON.parse(body)).success;
  } catch {
    return false;
  }
}

/** The body of a signed text: its signer is trusted, and it is refused all the same when it is malformed. */
function signedBody(name: string, domain: SignatureDomain, schema: z.ZodType): FuzzTarget {
  return {
    name,
    grammar: "json",
    shapes: [{ name, isOne: (body) => isOf(schema, body) }],
    async check(body) {
      const text = await signText(key, domain, body);
      const opened = await openSigned(text, { keys: [publicKey], domain, schema });
      if (opened.ok)
        mustHold(isDeepStrictEqual(schema.parse(JSON.parse(body)), opened.value), "read as something else");
      else mustHold(opened.error.code === "PROTOCOL_VIOLATION", `refused with ${opened.error.code}`);
      const unsigned = await openSigned({ ...text, signed: `${body} ` }, { keys: [publicKey], domain, schema });
      mustHold(!unsigned.ok && unsigned.error.code === "SIGNATURE_INVALID", "what nobody signed was read");
    },
  };
}

/** A command as the relay and the bridge read it. Nothing is accepted but what was signed for this server and allowed. */
const command: FuzzTarget = {
  name: "command",
  grammar: "json",
  shapes: actionNames.map((name) => ({
    name,
    isOne: (body) => isOf(commandSchema.extend({ action: z.literal(name), params: actions[name].params }), body),
  })),
  async check(body) {
    const text = await signText(key, "command", body);
    const verdict = await verifyCommand(text, rules, nowMs);
    if (verdict.ok) {
      const { serverId, bridgeKeyFingerprint, action, params } = verdict.value;
      mustHold(
        serverId === rules.serverId && bridgeKeyFingerprint === rules.keyFingerprint,
        "another bridge's command",
      );
      const allowed = [...defaultPrograms, ...(verdict.value.programs?.added ?? [])];
      const isAllowed = allowed.some((program) => program === params["program"]);
      mustHold(action !== "exec" || isAllowed, "a program that is not allowed");
    } else mustHold(verdict.error.message.length <= 1000, "the refusal is as long as what it refuses");
    readUnverifiedIds(text);
    const entry = { kind: "command", position: 1, ...text, sealed: null } as const;
    const entries = await openEntries([entry], { serverId: rules.serverId, trust });
    mustHold(entries.length <= 1, "one entry became several");
  },
};

const ticketWord: FuzzTarget = {
  name: "ticket-word",
  grammar: "text",
  async check(word) {
    const decoded = decodeTicket(word);
    if (!decoded.ok) return mustHold(decoded.error.code === "TOKEN_INVALID", `refused with ${decoded.error.code}`);
    const again = decodeTicket(encodeTicket(decoded.value));
    mustHold(again.ok && isDeepStrictEqual(again.value, decoded.value), "a ticket did not come back as it was sent");
    const opened = await openSigned(decoded.value, { keys: [publicKey], domain: "ticket", schema: ticketSchema });
    mustHold(!opened.ok, "a ticket that nobody signed was let in");
  },
};

export const signedTextTargets: readonly FuzzTarget[] = [
  command,
  ticketWord,
  signedBody("ticket", "ticket", ticketSchema),
  signedBody("result", "result", resultSchema),
  signedBody("hello", "hello", helloBodySchema),
  signedBody("welcome", "welcome", welcomeBodySchema),
  signedBody("relay-certificate", "relayCertificate", relayCertificateSchema),
  signedBody("enrol-request", "enrolRequest", enrolRequestSchema),
  signedBody("release", "release", releaseManifestSchema),
  signedBody("audit-head", "auditHead", auditHeadSchema),
  signedBody("held-head", "heldHead", heldHeadSchema),
  signedBody("limit-evidence", "limitEvidence", evidenceReportSchema),
  signedBody("enrol-answer", "enrolAnswer", enrolAnswerSchema),
];
