import type { EnrolmentId, OrgId, ServerId, UserId } from "@quarterdeck/core/ids";
import type { Capabilities } from "@quarterdeck/core/protocol/capabilities";
import type { OutboxEntry } from "@quarterdeck/core/protocol/relay-api";
import { sql } from "drizzle-orm";
import { index, integer, primaryKey, sqliteTable, text, uniqueIndex } from "drizzle-orm/sqlite-core";
import type { ConnectionAlert, ServerStatus } from "../../servers/views.ts";
import { nameColumns } from "./name-columns.ts";
import { orgs } from "./orgs.ts";

/** A removed server keeps its name to itself. */
const isThere = sql`"revokedAtMs" is null`;

export const servers = sqliteTable(
  "servers",
  {
    serverId: text().$type<ServerId>().primaryKey(),
    orgId: text()
      .$type<OrgId>()
      .notNull()
      .references(() => orgs.orgId),
    name: text().notNull(),
    isThisMachine: integer({ mode: "boolean" }).notNull(),
    publicKey: text().notNull().unique(),
    keyFingerprint: text().notNull(),
    /** The bridge's X25519 key: what is for its eyes only is sealed for it. */
    sealingKey: text().notNull().default(""),
    status: text().$type<ServerStatus>().notNull(),
    statusSinceMs: integer().notNull(),
    /** Until when the relay refuses its bridge, which sent more than it may. */
    quarantinedUntilMs: integer(),
    capabilities: text({ mode: "json" }).$type<Capabilities>(),
    bootId: text(),
    createdAtMs: integer().notNull(),
    /** The position of the newest outbox entry, and of the newest that the relay has stored. */
    outboxHead: integer().notNull().default(0),
    outboxThrough: integer().notNull().default(0),
    /** The newest version of the platform's keys that its bridge has, and what its relay object was told last about them. */
    keysVersion: integer().notNull().default(1),
    trustMark: text(),
    /** When it was removed: its key counts for nothing from then on. */
    revokedAtMs: integer(),
    /** Why its bridge was not let in, or what is wrong with its key. */
    connectionAlert: text({ mode: "json" }).$type<ConnectionAlert>(),
    /** The newest report of the relay that is recorded, and the mark of the write that recorded it. */
    reportSeq: integer().notNull().default(0),
    reportMark: text(),
    /** Which numbering of the relay's that number is of. */
    reportStream: text(),
    /** SHA-256 of that report: another one under its number is of an old copy of the relay's storage. */
    reportHash: text(),
    /** Words that servers are told apart by. */
    labels: text({ mode: "json" }).$type<readonly string[]>().notNull().default([]),
    /** Since when nothing that uses it starts, and since when it is to become empty. */
    cordonedAtMs: integer(),
    drainingSinceMs: integer(),
    /** The outbox position of the newest word about that, and when the relay had taken it. */
    cordonPosition: integer(),
    cordonTakenAtMs: integer(),
    ...nameColumns(),
  },
  (table) => [
    index("servers_by_org").on(table.orgId, table.createdAtMs), // listing
    index("servers_with_outbox").on(table.outboxThrough, table.outboxHead), // the drainer's look for work
    uniqueIndex("servers_by_name_key").on(table.orgId, table.nameKey).where(isThere), // no two that are alike
    uniqueIndex("servers_by_name_look").on(table.orgId, table.nameLook).where(isThere),
  ],
);

/** Numberings of reports that a later one has followed: nothing of them counts any more. */
export const endedReportStreams = sqliteTable(
  "ended_report_streams",
  {
    serverId: text()
      .$type<ServerId>()
      .notNull()
      .references(() => servers.serverId),
    stream: text().notNull(),
  },
  (table) => [primaryKey({ columns: [table.serverId, table.stream] })],
);

export const enrolments = sqliteTable(
  "enrolments",
  {
    enrolmentId: text().$type<EnrolmentId>().primaryKey(),
    orgId: text()
      .$type<OrgId>()
      .notNull()
      .references(() => orgs.orgId),
    tokenHash: text().notNull().unique(),
    /** The name that the server gets; without one its host name. */
    name: text(),
    isThisMachine: integer({ mode: "boolean" }).notNull(),
    createdAtMs: integer().notNull(),
    expiresAtMs: integer().notNull(),
    usedAtMs: integer(),
    serverId: text().$type<ServerId>(),
    /** Null: the platform, for its own machine. */
    createdBy: text().$type<UserId>(),
    revokedAtMs: integer(),
  },
  (table) => [index("enrolments_by_org").on(table.orgId)],
);

/** What is to be told to a server's relay object, in one order per server. */
export const outbox = sqliteTable(
  "outbox",
  {
    serverId: text()
      .$type<ServerId>()
      .notNull()
      .references(() => servers.serverId),
    position: integer().notNull(),
    entry: text({ mode: "json" }).$type<UnplacedEntry>().notNull(),
    createdAtMs: integer().notNull(),
  },
  (table) => [primaryKey({ columns: [table.serverId, table.position] })],
);

type Unplaced<T> = T extends unknown ? Omit<T, "position"> : never;

/** An outbox entry before it has its position. */
export type UnplacedEntry = Unplaced<OutboxEntry>;
