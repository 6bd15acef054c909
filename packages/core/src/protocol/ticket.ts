import * as z from "zod";
import { fromBase64Url, toBase64Url } from "../base64.ts";
import { accept, refuse, type Result } from "../errors/result.ts";
import { idSchema, type RunId, type WorkspaceId } from "../ids.ts";
import { signedTextSchema, type SignedText } from "./signing.ts";

/** What a viewer may do on one server: watch its telemetry, that of one workspace, or the output of one run, or type into a run. */
export type Topic = "telemetry" | `telemetry:${WorkspaceId}` | `output:${RunId}` | `input:${RunId}`;

const topicSchema = z.custom<Topic>(
  (value) =>
    value === "telemetry" ||
    (typeof value === "string" && /^(telemetry:ws|(output|input):run)_[0-9a-hjkmnp-tv-z]{26}$/.test(value)),
  { message: "must be telemetry, telemetry:ws_…, output:run_… or input:run_…" },
);

/** Whether a topic is of readings at all: who has one may watch them, and sees what its topics name. */
export function isTelemetryTopic(topic: Topic): boolean {
  return topic === "telemetry" || topic.startsWith("telemetry:");
}

/** What the API signs to let a viewer in (PROTOCOL 6.1): short-lived, for one use, for one server and these topics. */
export const ticketSchema = z.strictObject({
  ticketId: idSchema("viewer"),
  userId: idSchema("user"),
  orgId: idSchema("org"),
  serverId: idSchema("server"),
  /** Its org has a slice of the server, which is another org's (PROTOCOL 22.3). */
  isGuest: z.literal(true).exactOptional(),
  topics: z.array(topicSchema).min(1).max(64),
  /** The API's time before it looked whether the user may watch. */
  issuedAtMs: z.int(),
  /** Until when the ticket may be presented. */
  expiresAtMs: z.int(),
  /** Until when the connection may stay open with it. */
  connectionExpiresAtMs: z.int(),
});

export type Ticket = z.infer<typeof ticketSchema>;

/** Writes a signed ticket as one word that fits a URL. */
export function encodeTicket(ticket: SignedText): string {
  return toBase64Url(new TextEncoder().encode(JSON.stringify(ticket)));
}

/** Reads what `encodeTicket` wrote. It verifies nothing. */
export function decodeTicket(text: string): Result<SignedText> {
  try {
    const parsed = signedTextSchema.safeParse(JSON.parse(new TextDecoder().decode(fromBase64Url(text))));
    if (parsed.success) return accept(parsed.data);
  } catch {
    // Falls through to the refusal: it is not a ticket, whatever it is.
  }
  return refuse("TOKEN_INVALID", "This is not a viewer ticket.");
}
