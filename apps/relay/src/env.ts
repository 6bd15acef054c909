import { keySetSchema, type KeySet } from "@quarterdeck/core/protocol/key-set";
import { signedTextSchema, type SignedText } from "@quarterdeck/core/protocol/signing";
import * as z from "zod";
import type { ServerSession } from "./server-session.ts";

/** The bindings of the Worker, as the platform hands them over. */
export interface Env {
  readonly SERVER_SESSIONS: DurableObjectNamespace<ServerSession>;
  readonly PLATFORM_KEYS: unknown;
  readonly RELAY_PRIVATE_KEY: unknown;
  readonly RELAY_CERTIFICATE: unknown;
  readonly SERVICE_KEY: unknown;
  /** The API as a service binding; without it the API is reached at `API_URL`. */
  readonly API?: Fetcher;
  readonly API_URL?: unknown;
}

/** What the bindings say, checked. */
export interface Settings {
  /** What the relay was deployed with; an object may know newer ones (`ObjectState.trust`). */
  readonly platformKeys: KeySet;
  readonly relayPrivateKey: string;
  readonly relayCertificate: SignedText;
  readonly serviceKey: string;
}

function json<T>(schema: z.ZodType<T>): z.ZodType<T> {
  const text = z.string().transform((value, context) => {
    try {
      return JSON.parse(value) as unknown;
    } catch {
      context.addIssue({ code: "custom", message: "must be JSON" });
      return z.NEVER;
    }
  });
  return z.union([text.pipe(schema), schema]);
}

export const minServiceKeyLength = 16;

const settingsSchema = z.object({
  PLATFORM_KEYS: json(keySetSchema),
  RELAY_PRIVATE_KEY: z.string().regex(/^[A-Za-z0-9_-]+$/, "must be a PKCS #8 key in base64url"),
  RELAY_CERTIFICATE: json(signedTextSchema),
  SERVICE_KEY: z.string().min(minServiceKeyLength, `must have at least ${minServiceKeyLength} characters`),
});

/** Reads and checks the bindings. Throws an error that names each wrong one and never shows a value. */
export function readSettings(env: Env): Settings {
  const parsed = settingsSchema.safeParse(env);
  const isApiKnown = env.API !== undefined || z.url({ protocol: /^https?$/ }).safeParse(env.API_URL).success;
  if (!parsed.success || !isApiKnown) {
    const names = parsed.error?.issues.map((issue) => String(issue.path[0])) ?? [];
    if (!isApiKnown) names.push("API_URL (or the service binding API)");
    throw new Error(`The relay's configuration is wrong; set ${[...new Set(names)].join(", ")}.`);
  }
  return {
    platformKeys: parsed.data.PLATFORM_KEYS,
    relayPrivateKey: parsed.data.RELAY_PRIVATE_KEY,
    relayCertificate: parsed.data.RELAY_CERTIFICATE,
    serviceKey: parsed.data.SERVICE_KEY,
  };
}
