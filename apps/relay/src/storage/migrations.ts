import { newestSchema } from "./newest-schema.ts";
import { firstRow, readNumber, type Sql } from "./sql.ts";

/** Every change of the schema, in order. A published one is never edited: add the next, and make `newestSchema` say so. */
const migrations: readonly (readonly string[])[] = [
  [
    `CREATE TABLE server (
      id INTEGER PRIMARY KEY CHECK (id = 1),
      server_id TEXT,
      org_id TEXT,
      public_key TEXT,
      is_revoked INTEGER NOT NULL DEFAULT 0,
      outbox_through INTEGER NOT NULL DEFAULT 0,
      epoch INTEGER NOT NULL DEFAULT 0,
      session_id TEXT,
      capabilities TEXT,
      commands_assigned INTEGER NOT NULL DEFAULT 0,
      commands_acknowledged INTEGER NOT NULL DEFAULT 0,
      results_received INTEGER NOT NULL DEFAULT 0,
      reports_assigned INTEGER NOT NULL DEFAULT 0,
      is_online INTEGER NOT NULL DEFAULT 0,
      since_ms INTEGER NOT NULL DEFAULT 0,
      retry_attempt INTEGER NOT NULL DEFAULT 0,
      retry_at_ms INTEGER NOT NULL DEFAULT 0
    ) STRICT`,
    `INSERT INTO server (id) VALUES (1)`,
    // Runs that wait (seq is null) or are on the bridge (seq is their number on the commands stream).
    `CREATE TABLE runs (
      position INTEGER PRIMARY KEY,
      run_id TEXT NOT NULL UNIQUE,
      order_key TEXT,
      cpu INTEGER NOT NULL,
      memory INTEGER NOT NULL,
      runs INTEGER NOT NULL,
      expires_at_ms INTEGER NOT NULL,
      signed TEXT NOT NULL,
      signature TEXT NOT NULL,
      seq INTEGER
    ) STRICT`,
    // The commands stream beyond what the bridge acknowledged. run_id is null for a cancel.
    `CREATE TABLE commands (
      seq INTEGER PRIMARY KEY,
      run_id TEXT,
      signed TEXT NOT NULL,
      signature TEXT NOT NULL
    ) STRICT`,
    // Runs that ended here (is_tombstone = 0), and cancels that came before their run (1).
    `CREATE TABLE ended_runs (
      run_id TEXT PRIMARY KEY,
      at_ms INTEGER NOT NULL,
      is_tombstone INTEGER NOT NULL
    ) STRICT`,
    `CREATE INDEX ended_runs_by_time ON ended_runs (at_ms)`,
    `CREATE TABLE reports (seq INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT`,
    `CREATE TABLE used_tickets (ticket_id TEXT PRIMARY KEY, expires_at_ms INTEGER NOT NULL) STRICT`,
    `CREATE INDEX used_tickets_by_expiry ON used_tickets (expires_at_ms)`,
  ],
  [
    `ALTER TABLE server ADD COLUMN renewal_attempt INTEGER NOT NULL DEFAULT 0`,
    // When the API must be asked for new signatures; null while no run waits for one.
    `ALTER TABLE server ADD COLUMN renewal_at_ms INTEGER`,
    // When the bridge sent more than it may (a JSON array), and what came of it.
    `ALTER TABLE server ADD COLUMN rate_strikes TEXT NOT NULL DEFAULT '[]'`,
    `ALTER TABLE server ADD COLUMN quarantine_level INTEGER NOT NULL DEFAULT 0`,
    `ALTER TABLE server ADD COLUMN quarantined_until_ms INTEGER NOT NULL DEFAULT 0`,
    // Users who may not watch any more, while tickets from before may still be around.
    `CREATE TABLE revoked_viewers (user_id TEXT PRIMARY KEY, at_ms INTEGER NOT NULL) STRICT`,
  ],
  [
    // The sealed part of a command, which only its bridge can open.
    `ALTER TABLE runs ADD COLUMN sealed TEXT`,
    `ALTER TABLE commands ADD COLUMN sealed TEXT`,
  ],
  // The history of telemetry, and what a bridge says of itself between two hellos.
  [
    // A ring: one row for five minutes, at a place that comes round after a day.
    `CREATE TABLE telemetry_history (
      place INTEGER PRIMARY KEY,
      start_ms INTEGER NOT NULL,
      body TEXT NOT NULL
    ) STRICT`,
    `ALTER TABLE server ADD COLUMN boot_id TEXT`,
  ],
  [
    // Over how long bridges spread their return, as the API said last.
    `ALTER TABLE server ADD COLUMN spread_ms INTEGER NOT NULL DEFAULT 2000`,
  ],
  [
    // What the API said last of the platform's keys (JSON), and the version of them that the bridge has.
    `CREATE TABLE platform_trust (id INTEGER PRIMARY KEY CHECK (id = 1), body TEXT NOT NULL) STRICT`,
    `ALTER TABLE server ADD COLUMN keys_version INTEGER NOT NULL DEFAULT 1`,
    // Why a bridge was not let in last, and when the API was told.
    `ALTER TABLE server ADD COLUMN refusal_code TEXT`,
    `ALTER TABLE server ADD COLUMN refusal_at_ms INTEGER NOT NULL DEFAULT 0`,
  ],
  [
    // Readings are kept in their compact form from here on; a day's history fills again by itself.
    `DELETE FROM telemetry_history`,
  ],
  [
    // Which numbering of reports this storage has; null before the first.
    `ALTER TABLE server ADD COLUMN report_stream TEXT`,
  ],
  // Fair shares: where a run counts, what it was charged, and what is left of that after a restart.
  [
    `ALTER TABLE runs ADD COLUMN org_id TEXT NOT NULL DEFAULT ''`,
    `ALTER TABLE runs ADD COLUMN workspace_id TEXT`,
    `ALTER TABLE runs ADD COLUMN project_id TEXT`,
    `ALTER TABLE runs ADD COLUMN priority TEXT NOT NULL DEFAULT 'normal'`,
    `ALTER TABLE runs ADD COLUMN action TEXT NOT NULL DEFAULT ''`,
    `ALTER TABLE runs ADD COLUMN expected_ms REAL NOT NULL DEFAULT 0`,
    // Of a run that the bridge has: when it was dispatched and what its nodes were charged.
    `ALTER TABLE runs ADD COLUMN dispatched_at_ms INTEGER NOT NULL DEFAULT 0`,
    `ALTER TABLE runs ADD COLUMN cost REAL NOT NULL DEFAULT 0`,
    `ALTER TABLE runs ADD COLUMN band_weight REAL NOT NULL DEFAULT 1`,
    `ALTER TABLE runs ADD COLUMN start_number INTEGER NOT NULL DEFAULT 0`,
    `UPDATE runs SET project_id = order_key`,
    `ALTER TABLE runs ADD COLUMN is_ordered INTEGER NOT NULL DEFAULT 0`,
    `UPDATE runs SET is_ordered = order_key IS NOT NULL`,
    `ALTER TABLE runs DROP COLUMN order_key`,
    // The tree of shares below an org in a band (JSON); what is above them stands in the row of the server.
    `CREATE TABLE shares (place TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID`,
    `ALTER TABLE server ADD COLUMN band_shares TEXT NOT NULL DEFAULT '[]'`,
    // The run that is too big for what is free and that others pass (JSON).
    `ALTER TABLE server ADD COLUMN patience TEXT`,
    `CREATE TABLE node_limits (node_id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID`,
    // How long runs of an action take in a project, as a mean that forgets.
    `CREATE TABLE durations (
      key TEXT PRIMARY KEY,
      mean_ms REAL NOT NULL,
      used_at_ms INTEGER NOT NULL
    ) STRICT, WITHOUT ROWID`,
  ],
  // Runs that follow others.
  [
    // Which runs must have succeeded before it starts (a JSON array).
    `ALTER TABLE runs ADD COLUMN after TEXT NOT NULL DEFAULT '[]'`,
    `ALTER TABLE ended_runs ADD COLUMN has_succeeded INTEGER NOT NULL DEFAULT 0`,
  ],
  // Leases: since when the server is away and when the clock was looked at (JSON), and how long its runs are kept open.
  [
    `ALTER TABLE server ADD COLUMN absence TEXT`,
    `ALTER TABLE runs ADD COLUMN is_detached INTEGER NOT NULL DEFAULT 1`,
    `ALTER TABLE runs ADD COLUMN timeout_ms INTEGER NOT NULL DEFAULT 0`,
  ],
  // Cordons: whether runs that use the server wait.
  [`ALTER TABLE server ADD COLUMN is_cordoned INTEGER NOT NULL DEFAULT 0`],
];

export const newestSchemaVersion = migrations.length;

/** Brings the storage to the newest schema. Throws when a newer relay wrote it. Run it inside one transaction. */
export function migrate(sql: Sql): void {
  sql.exec(
    `CREATE TABLE IF NOT EXISTS schema_version (id INTEGER PRIMARY KEY CHECK (id = 1), version INTEGER NOT NULL)`,
  );
  const row = firstRow(sql, `SELECT version FROM schema_version WHERE id = 1`);
  const version = row ? readNumber(row, "version") : 0;
  if (version > newestSchemaVersion) {
    throw new Error(
      `This storage has schema ${version}; this relay knows ${newestSchemaVersion}. Deploy the newer relay.`,
    );
  }
  if (version === newestSchemaVersion) return;
  const steps = row ? migrations.slice(version) : [newestSchema];
  for (const statements of steps) for (const statement of statements) sql.exec(statement);
  sql.exec(
    `INSERT INTO schema_version (id, version) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET version = excluded.version`,
    newestSchemaVersion,
  );
}
