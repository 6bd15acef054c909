import type { ChainId } from "@quarterdeck/core/audit/chain";
import type { ChainFault } from "@quarterdeck/core/audit/verify-chain";
import type { Id, OrgId, ServerId } from "@quarterdeck/core/ids";
import type { HeldHeads } from "@quarterdeck/core/protocol/audit-head";
import type { SignedText } from "@quarterdeck/core/protocol/signing";
import { sql } from "drizzle-orm";
import { index, integer, primaryKey, sqliteTable, text } from "drizzle-orm/sqlite-core";
import { servers } from "./servers.ts";

export const auditEntries = sqliteTable(
  "audit_entries",
  {
    entryId: text().$type<Id<"entry">>().primaryKey(),
    /** Null: the attempt belongs to no org (a wrong password, an unknown token). */
    orgId: text().$type<OrgId>(),
    atMs: integer().notNull(),
    actor: text().notNull(),
    address: text(),
    action: text().notNull(),
    subject: text(),
    outcome: text().$type<"done" | "refused">().notNull(),
    /** Why it was refused, or what was asked. Never a secret. */
    detail: text(),
    /** Its place in the org's chain, from 1, and what stands there for it and all before it. Null: it waits for its place. */
    seq: integer(),
    hash: text(),
  },
  (table) => [
    index("audit_entries_by_org").on(table.orgId, table.atMs),
    index("audit_entries_by_seq").on(table.orgId, table.seq), // verifying, and what a bridge says of one
    index("audit_entries_unchained").on(table.seq).where(sql`"seq" is null`), // the sequencer's look for work
  ],
);

/** How far the audit of an org is chained, and how far its bridges were told. */
export const auditChains = sqliteTable(
  "audit_chains",
  {
    chainId: text().$type<ChainId>().primaryKey(),
    seq: integer().notNull(),
    hash: text().notNull(),
    /** Up to where it was told, as far as there was anybody to be told, and when somebody was. */
    toldSeq: integer().notNull().default(0),
    toldAtMs: integer().notNull().default(0),
    /** How long entries are kept; null: for ever. */
    keptDays: integer(),
    /** The newest entry that was deleted by that rule: the chain begins after it. */
    cutSeq: integer().notNull().default(0),
    cutHash: text().notNull().default(""),
    cutAtMs: integer().notNull().default(0),
    /** Up to where it was verified last, when, and what was wrong. */
    verifiedSeq: integer().notNull().default(0),
    verifiedAtMs: integer(),
    verifiedFault: text({ mode: "json" }).$type<ChainFault>(),
  },
  (table) => [index("audit_chains_to_tell").on(table.toldAtMs).where(sql`"seq" > "toldSeq"`)], // what is to be told
);

/** The platform's word for each cut of a chain, for ever. */
export const auditCuts = sqliteTable(
  "audit_cuts",
  {
    chainId: text().$type<ChainId>().notNull(),
    seq: integer().notNull(),
    statement: text({ mode: "json" }).$type<SignedText>().notNull(),
  },
  (table) => [primaryKey({ columns: [table.chainId, table.seq] })],
);

/** Refusals that came in the hour that is under way, and how often; each has an entry of when it began. */
export const auditRefusals = sqliteTable(
  "audit_refusals",
  {
    chainId: text().$type<ChainId>().notNull(),
    actor: text().notNull(),
    action: text().notNull(),
    detail: text().notNull(),
    /** What else tells it from others; empty: nothing. */
    apart: text().notNull(),
    sinceMs: integer().notNull(),
    lastAtMs: integer().notNull(),
    count: integer().notNull(),
    /** Where it came from last. */
    address: text(),
  },
  (table) => [
    primaryKey({ columns: [table.chainId, table.actor, table.action, table.detail, table.apart] }),
    index("audit_refusals_by_time").on(table.sinceMs), // whose hour is over
  ],
);

/** What a server's bridge has signed about the heads of its org's audit. */
export const auditWitnesses = sqliteTable("audit_witnesses", {
  serverId: text()
    .$type<ServerId>()
    .primaryKey()
    .references(() => servers.serverId),
  orgId: text().$type<OrgId>().notNull(),
  /** The newest head of which it said that it holds it, and that is in the chain; 0 while there is none. */
  seq: integer().notNull().default(0),
  hash: text().notNull().default(""),
  atMs: integer().notNull().default(0),
  /** Both sides' signatures. */
  evidence: text({ mode: "json" }).$type<HeldHeads>(),
  /** A head that it was told and that is not in the chain: somebody changed the past, or put an old copy in place. */
  conflictSeq: integer(),
  conflictHash: text(),
  conflictAtMs: integer(),
  conflictEvidence: text({ mode: "json" }).$type<HeldHeads>(),
  /** When somebody said that it was seen; null for another one that came since. */
  conflictSeenAtMs: integer(),
});
