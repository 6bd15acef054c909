import { isAbsolute, join } from "node:path";
import { defaultQuotaSettings, type QuotaSettings } from "@quarterdeck/core/quota/operator-settings";
import { planNames } from "@quarterdeck/core/quota/request-tiers";
import * as z from "zod";
import { parseRange } from "./http/address-ranges.ts";
import { readQuotaSettings } from "./quotas/read-quota-settings.ts";
import type { RequestsPerMinute } from "./rates/request-rates.ts";

/** A variable of the environment is missing or malformed; the message names it and the fix. */
export class EnvError extends Error {
  override readonly name = "EnvError";
}

const logLevels = ["trace", "debug", "info", "warn", "error", "fatal", "silent"] as const;
const loopbackHosts = ["localhost", "127.0.0.1", "[::1]"];

const port = (name: string, fallback?: number) =>
  z
    .string()
    .default(fallback === undefined ? "" : String(fallback))
    .refine((text) => /^\d{1,5}$/.test(text) && Number(text) <= 65_535, `Set ${name} to a port number from 0 to 65535.`)
    .transform(Number);

const directory = (name: string) =>
  z
    .string({ error: `Set ${name} to the absolute path of a directory.` })
    .refine(isAbsolute, `Set ${name} to an absolute path: it must start with /.`);

const httpUrl = (name: string) =>
  z
    .url({ protocol: /^https?$/, error: `Set ${name} to an address like http://127.0.0.1:8787.` })
    .transform((text) => new URL(text).origin);

const publicUrlMessage =
  "QUARTERDECK_PUBLIC_URL must start with https://, because passwords and commands travel over it. Put a proxy with a certificate in front, or use a loopback address.";

function isEncryptedOrLocal(origin: string): boolean {
  const url = new URL(origin);
  return url.protocol === "https:" || loopbackHosts.includes(url.hostname);
}

const requestsSchema = z.partialRecord(z.enum(planNames), z.int().min(1).max(60_000_000));
const requestsMessage = `Set QUARTERDECK_REQUESTS_PER_MINUTE to JSON with a number for each plan that differs, like {"basic":100}; the plans are ${planNames.join(", ")}.`;

const requestsPerMinute = z
  .string()
  .default("{}")
  .transform((text, ctx): Partial<RequestsPerMinute> => {
    const given = requestsSchema.safeParse(parseJson(text));
    if (!given.success) ctx.addIssue({ code: "custom", message: requestsMessage });
    return { ...given.data };
  });

const trustedProxies = z
  .string()
  .default("")
  .transform((text, ctx): readonly string[] => {
    const given = text.split(/[\s,]+/).filter((part) => part !== "");
    return given.flatMap((part) => {
      const range = parseRange(part);
      if (range !== null) return [range];
      const message = `QUARTERDECK_TRUSTED_PROXIES: "${part}" is no address and no range. Write the proxies like 10.0.0.5,10.1.0.0/16.`;
      ctx.addIssue({ code: "custom", message });
      return [];
    });
  });

const quotaFile = z
  .string()
  .refine(isAbsolute, "Set QUARTERDECK_QUOTA_FILE to the absolute path of a file of JSON.")
  .optional()
  .transform((path, ctx): QuotaSettings | undefined => {
    const read = readQuotaSettings(path);
    if ("settings" in read) return read.settings;
    ctx.addIssue({ code: "custom", message: `QUARTERDECK_QUOTA_FILE: ${read.problem}` });
    return undefined;
  });

/** What the variable says of a plan counts before what the file says. */
function requestsOf(requestTiers: QuotaSettings["requestTiers"], set: Partial<RequestsPerMinute>): RequestsPerMinute {
  const { basic, premium, enterprise } = requestTiers;
  return {
    basic: set.basic ?? basic.requestsPerMinute,
    premium: set.premium ?? premium.requestsPerMinute,
    enterprise: set.enterprise ?? enterprise.requestsPerMinute,
  };
}

const variables = z.object({
  QUARTERDECK_DATA: directory("QUARTERDECK_DATA"),
  QUARTERDECK_HOST: z.string().default("127.0.0.1"),
  QUARTERDECK_PORT: port("QUARTERDECK_PORT", 7070),
  QUARTERDECK_PUBLIC_URL: httpUrl("QUARTERDECK_PUBLIC_URL").optional(),
  QUARTERDECK_ALLOW_ADDRESS: httpUrl("QUARTERDECK_ALLOW_ADDRESS").optional(),
  QUARTERDECK_DATABASE_URL: z
    .string()
    .regex(/^(file:|libsql:|https?:|wss?:)/, "Set QUARTERDECK_DATABASE_URL to file:/path/of/a.db or libsql://host.")
    .optional(),
  QUARTERDECK_DATABASE_TOKEN: z.string().optional(),
  QUARTERDECK_KEY: z
    .string()
    .regex(
      /^[A-Za-z0-9_-]{43}=?$/,
      "Set QUARTERDECK_KEY to 32 random bytes in base64url, for example from: openssl rand -base64 32 | tr '+/' '-_'",
    )
    .optional(),
  QUARTERDECK_RELAY_URL: httpUrl("QUARTERDECK_RELAY_URL"),
  QUARTERDECK_INTERNAL_PORT: port("QUARTERDECK_INTERNAL_PORT"),
  QUARTERDECK_MODE: z.enum(["embedded", "cloud"], "Set QUARTERDECK_MODE to embedded or cloud.").default("embedded"),
  QUARTERDECK_WEB_DIST: directory("QUARTERDECK_WEB_DIST").optional(),
  QUARTERDECK_BRIDGE_TARBALL: z
    .string()
    .refine(isAbsolute, "Set QUARTERDECK_BRIDGE_TARBALL to the absolute path of the bridge's package (.tgz).")
    .optional(),
  QUARTERDECK_ROLLOUT_SETTLE_MS: z
    .string()
    .default("60000")
    .refine(
      (text) => /^\d{1,8}$/.test(text),
      "Set QUARTERDECK_ROLLOUT_SETTLE_MS to how long, in milliseconds, a server with a new bridge is watched.",
    )
    .transform(Number),
  QUARTERDECK_TRUSTED_PROXIES: trustedProxies,
  QUARTERDECK_ORGS_PER_ACCOUNT: z
    .string()
    .default("10")
    .refine(
      (text) => /^\d{1,4}$/.test(text),
      "Set QUARTERDECK_ORGS_PER_ACCOUNT to how many organizations one account may own, like 10.",
    )
    .transform(Number),
  QUARTERDECK_REQUESTS_PER_MINUTE: requestsPerMinute,
  QUARTERDECK_QUOTA_FILE: quotaFile,
  QUARTERDECK_SMTP_URL: z
    .url({
      protocol: /^smtps?$/,
      error: "Set QUARTERDECK_SMTP_URL to an address like smtps://user:password@mail.example.com.",
    })
    .optional(),
  QUARTERDECK_MAIL_FROM: z
    .string()
    .regex(
      /^(?:[^<>\r\n]+ <[^\s<>@]+@[^\s<>@]+>|[^\s<>@]+@[^\s<>@]+)$/,
      "Set QUARTERDECK_MAIL_FROM to an address like Quarterdeck <quarterdeck@example.com>.",
    )
    .optional(),
  QUARTERDECK_LOG_LEVEL: z
    .enum(logLevels, `Set QUARTERDECK_LOG_LEVEL to one of ${logLevels.join(", ")}.`)
    .default("info"),
});

export interface Env {
  readonly dataDir: string;
  readonly host: string;
  /** 0 lets the system choose. */
  readonly port: number;
  /** The origin under which browsers and bridges reach the platform, when it is not this machine's loopback. */
  readonly publicUrl: string | null;
  readonly databaseUrl: string;
  readonly databaseToken: string | null;
  /** What secrets in the database are sealed with, in base64url; null: a key file. */
  readonly masterKey: string | null;
  readonly relayUrl: string;
  readonly internalPort: number;
  readonly mode: "embedded" | "cloud";
  readonly webDist: string | null;
  readonly bridgeTarball: string | null;
  /** How long a server with a new version of the bridge is watched before the next ones get it. */
  readonly rolloutSettleMs: number;
  /** Ranges of addresses of proxies whose word counts about who asks. */
  readonly trustedProxies: readonly string[];
  /** How many orgs an account may own. */
  readonly orgsPerAccount: number;
  /** How many requests of an org on each plan are answered in a minute. */
  readonly requestsPerMinute: RequestsPerMinute;
  /** What the operator decided about quotas. */
  readonly quotas: QuotaSettings;
  /** The mail server that links are sent through; null: the operator hands them over. */
  readonly mail: { readonly url: string; readonly from: string } | null;
  readonly logLevel: (typeof logLevels)[number];
}

/** Reads and checks the environment; throws `EnvError` with a line for each variable that is wrong. */
export function readEnv(environment: NodeJS.ProcessEnv): Env {
  const given = Object.fromEntries(Object.entries(environment).filter(([, value]) => value !== ""));
  const parsed = variables.safeParse(given);
  if (!parsed.success) {
    const lines = parsed.error.issues.map((issue) => {
      const name = String(issue.path[0]);
      return issue.message.includes(name) ? issue.message : `${name}: ${issue.message}`;
    });
    throw new EnvError(lines.join("\n"));
  }
  const read = parsed.data;
  const quotas = read.QUARTERDECK_QUOTA_FILE ?? defaultQuotaSettings;
  const publicUrl = read.QUARTERDECK_PUBLIC_URL;
  if (publicUrl !== undefined && !isEncryptedOrLocal(publicUrl) && publicUrl !== read.QUARTERDECK_ALLOW_ADDRESS)
    throw new EnvError(publicUrlMessage);
  const isOpen = !["127.0.0.1", "::1", "localhost"].includes(read.QUARTERDECK_HOST);
  if (isOpen && read.QUARTERDECK_PUBLIC_URL === undefined) {
    throw new EnvError(
      `QUARTERDECK_HOST is ${read.QUARTERDECK_HOST}, which others can reach: set QUARTERDECK_PUBLIC_URL to the https address that they use, or set QUARTERDECK_HOST to 127.0.0.1.`,
    );
  }
  return {
    dataDir: read.QUARTERDECK_DATA,
    host: read.QUARTERDECK_HOST,
    port: read.QUARTERDECK_PORT,
    publicUrl: read.QUARTERDECK_PUBLIC_URL ?? null,
    databaseUrl: read.QUARTERDECK_DATABASE_URL ?? `file:${join(read.QUARTERDECK_DATA, "quarterdeck.db")}`,
    databaseToken: read.QUARTERDECK_DATABASE_TOKEN ?? null,
    masterKey: read.QUARTERDECK_KEY ?? null,
    relayUrl: read.QUARTERDECK_RELAY_URL,
    internalPort: read.QUARTERDECK_INTERNAL_PORT,
    mode: read.QUARTERDECK_MODE,
    webDist: read.QUARTERDECK_WEB_DIST ?? null,
    bridgeTarball: read.QUARTERDECK_BRIDGE_TARBALL ?? null,
    rolloutSettleMs: read.QUARTERDECK_ROLLOUT_SETTLE_MS,
    trustedProxies: read.QUARTERDECK_TRUSTED_PROXIES,
    orgsPerAccount: read.QUARTERDECK_ORGS_PER_ACCOUNT,
    requestsPerMinute: requestsOf(quotas.requestTiers, read.QUARTERDECK_REQUESTS_PER_MINUTE),
    quotas,
    mail: readMail(read.QUARTERDECK_SMTP_URL, read.QUARTERDECK_MAIL_FROM),
    logLevel: read.QUARTERDECK_LOG_LEVEL,
  };
}

function readMail(url: string | undefined, from: string | undefined): Env["mail"] {
  if (url !== undefined && from !== undefined) return { url, from };
  if (url === undefined && from === undefined) return null;
  throw new EnvError("Set both QUARTERDECK_SMTP_URL and QUARTERDECK_MAIL_FROM, or neither.");
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // Not of any shape: the schema refuses it.
  }
}
