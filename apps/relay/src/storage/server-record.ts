import { capabilitiesSchema, type Capabilities } from "@quarterdeck/core/protocol/capabilities";
import type { Absence } from "@quarterdeck/core/protocol/lease";
import type { SavedPatience } from "@quarterdeck/core/scheduling/patience";
import type { ShareRow } from "@quarterdeck/core/scheduling/scheduler";
import * as z from "zod";
import type { Conduct } from "../session/quarantine.ts";
import { firstRow, readNumber, readNumberOrNull, readText, readTextOrNull, type Row, type Sql } from "./sql.ts";

/** What the object knows of its server: one row. */
export interface ServerRecord extends Conduct {
  readonly serverId: string | null;
  readonly orgId: string | null;
  /** The bridge's public key; `null` until the API registered the server. */
  readonly publicKey: string | null;
  readonly isRevoked: boolean;
  /** Whether runs that use the server wait. */
  readonly isCordoned: boolean;
  readonly outboxThrough: number;
  readonly epoch: number;
  readonly sessionId: string | null;
  readonly capabilities: Capabilities | null;
  /** The boot of the machine that the newest hello came from. */
  readonly bootId: string | null;
  /** The newest number given to a command in this session, and the newest that the bridge acknowledged. */
  readonly commandsAssigned: number;
  readonly commandsAcknowledged: number;
  readonly resultsReceived: number;
  readonly reportsAssigned: number;
  /** Which numbering that is, so that the API knows one of a storage that was lost; null before the first report is sent. */
  readonly reportStream: string | null;
  readonly isOnline: boolean;
  readonly sinceMs: number;
  readonly retryAttempt: number;
  readonly retryAtMs: number;
  /** The version of the platform's keys that the bridge said it has. */
  readonly keysVersion: number;
  /** Why a bridge was not let in last, and when the API was told; null since one was let in. */
  readonly refusalCode: string | null;
  readonly refusalAtMs: number;
  readonly renewalAttempt: number;
  /** When the API must be asked for new signatures; `null` while no run waits for one. */
  readonly renewalAtMs: number | null;
  /** Over how long bridges spread their return, as the API said last. */
  readonly spreadMs: number;
  /** How far the server and its bands were served; what is below an org has rows of its own. */
  readonly bandShares: readonly ShareRow[];
  /** The run that is too big for what is free and that others pass. */
  readonly patience: SavedPatience | null;
  /** Since when it has had no connection; `null` while it has one, and before the first. */
  readonly absence: Absence | null;
}

const columns = {
  serverId: "server_id",
  orgId: "org_id",
  publicKey: "public_key",
  isRevoked: "is_revoked",
  isCordoned: "is_cordoned",
  outboxThrough: "outbox_through",
  epoch: "epoch",
  sessionId: "session_id",
  capabilities: "capabilities",
  bootId: "boot_id",
  commandsAssigned: "commands_assigned",
  commandsAcknowledged: "commands_acknowledged",
  resultsReceived: "results_received",
  reportsAssigned: "reports_assigned",
  reportStream: "report_stream",
  isOnline: "is_online",
  sinceMs: "since_ms",
  retryAttempt: "retry_attempt",
  retryAtMs: "retry_at_ms",
  keysVersion: "keys_version",
  refusalCode: "refusal_code",
  refusalAtMs: "refusal_at_ms",
  renewalAttempt: "renewal_attempt",
  renewalAtMs: "renewal_at_ms",
  spreadMs: "spread_ms",
  bandShares: "band_shares",
  patience: "patience",
  absence: "absence",
  rateStrikes: "rate_strikes",
  quarantineLevel: "quarantine_level",
  quarantinedUntilMs: "quarantined_until_ms",
} as const satisfies Record<keyof ServerRecord, string>;

const timesSchema = z.array(z.int());
const bandSharesSchema = z.array(
  z.strictObject({
    path: z.array(z.string()),
    tag: z.number(),
    virtual: z.number(),
    openedAt: z.number(),
    refundable: z.number(),
  }),
);
const patienceSchema = z
  .strictObject({
    taskId: z.string(),
    wasPassed: z.boolean(),
    passedForMs: z.number(),
    passedCost: z.number(),
    allowedCost: z.number(),
    lastMs: z.number().nullable(),
  })
  .nullable();

const absenceSchema = z.strictObject({ sinceMs: z.int(), seenMs: z.int() }).nullable();

function readCapabilities(row: Row): Capabilities | null {
  const text = readTextOrNull(row, "capabilities");
  return text === null ? null : capabilitiesSchema.parse(JSON.parse(text));
}

/** The row as it is, so that it is read once after a start and not for each frame. Whoever writes it changes both. */
const cached = new WeakMap<Sql, ServerRecord>();

/** Drops what is cached, because a transaction that wrote it was undone or the row was made anew. */
export function forgetServer(sql: Sql): void {
  cached.delete(sql);
}

export function readServer(sql: Sql): ServerRecord {
  const known = cached.get(sql);
  if (known) return known;
  const server = loadServer(sql);
  cached.set(sql, server);
  return server;
}

function loadServer(sql: Sql): ServerRecord {
  const row = firstRow(sql, `SELECT * FROM server WHERE id = 1`);
  if (!row) throw new Error("the server row is missing");
  return {
    serverId: readTextOrNull(row, "server_id"),
    orgId: readTextOrNull(row, "org_id"),
    publicKey: readTextOrNull(row, "public_key"),
    isRevoked: readNumber(row, "is_revoked") === 1,
    isCordoned: readNumber(row, "is_cordoned") === 1,
    outboxThrough: readNumber(row, "outbox_through"),
    epoch: readNumber(row, "epoch"),
    sessionId: readTextOrNull(row, "session_id"),
    capabilities: readCapabilities(row),
    bootId: readTextOrNull(row, "boot_id"),
    commandsAssigned: readNumber(row, "commands_assigned"),
    commandsAcknowledged: readNumber(row, "commands_acknowledged"),
    resultsReceived: readNumber(row, "results_received"),
    reportsAssigned: readNumber(row, "reports_assigned"),
    reportStream: readTextOrNull(row, "report_stream"),
    isOnline: readNumber(row, "is_online") === 1,
    sinceMs: readNumber(row, "since_ms"),
    retryAttempt: readNumber(row, "retry_attempt"),
    retryAtMs: readNumber(row, "retry_at_ms"),
    keysVersion: readNumber(row, "keys_version"),
    refusalCode: readTextOrNull(row, "refusal_code"),
    refusalAtMs: readNumber(row, "refusal_at_ms"),
    renewalAttempt: readNumber(row, "renewal_attempt"),
    renewalAtMs: readNumberOrNull(row, "renewal_at_ms"),
    spreadMs: readNumber(row, "spread_ms"),
    bandShares: bandSharesSchema.parse(JSON.parse(readText(row, "band_shares"))),
    patience: patienceSchema.parse(JSON.parse(readTextOrNull(row, "patience") ?? "null")),
    absence: absenceSchema.parse(JSON.parse(readTextOrNull(row, "absence") ?? "null")),
    rateStrikes: timesSchema.parse(JSON.parse(readText(row, "rate_strikes"))),
    quarantineLevel: readNumber(row, "quarantine_level"),
    quarantinedUntilMs: readNumber(row, "quarantined_until_ms"),
  };
}

/** Changes of transactions that are under way. */
const gathered = new WeakMap<Sql, Partial<ServerRecord>>();

/** Writes the row once for everything that a transaction changes in it. Call it inside the transaction, and never in itself. */
export function gatherServerChanges<T>(sql: Sql, change: () => T): T {
  if (gathered.has(sql))
    throw new Error("a transaction began inside another, whose changes of the server row it would lose");
  gathered.set(sql, {});
  try {
    const value = change();
    writeServer(sql, gathered.get(sql) ?? {});
    return value;
  } finally {
    gathered.delete(sql);
  }
}

/** Changes the given fields and no others. */
export function updateServer(sql: Sql, changes: Partial<ServerRecord>): void {
  const defined = Object.fromEntries(Object.entries(changes).filter(([, value]) => value !== undefined));
  const server = readServer(sql);
  const earlier = gathered.get(sql);
  if (earlier) gathered.set(sql, { ...earlier, ...defined });
  else writeServer(sql, defined);
  cached.set(sql, { ...server, ...defined });
}

function writeServer(sql: Sql, changes: Partial<ServerRecord>): void {
  const fields = (Object.keys(columns) as (keyof ServerRecord)[]).filter((field) => changes[field] !== undefined);
  if (fields.length === 0) return;
  const values = fields.map((field) => {
    const value = changes[field] ?? null;
    if (typeof value === "boolean") return value ? 1 : 0;
    return typeof value === "object" && value !== null ? JSON.stringify(value) : value;
  });
  sql.exec(`UPDATE server SET ${fields.map((field) => `${columns[field]} = ?`).join(", ")} WHERE id = 1`, ...values);
}

/** Takes the next number of one of the counters. */
export function nextNumber(sql: Sql, counter: "commandsAssigned" | "reportsAssigned"): number {
  const number = readServer(sql)[counter] + 1;
  updateServer(sql, { [counter]: number });
  return number;
}
