/**
 * What all migrations together make, for a storage that is new: an object that went through each of them keeps a quarter
 * more memory for as long as it lives. A migration changes this too; a test compares them.
 */
export const newestSchema: readonly string[] = [
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
    retry_at_ms INTEGER NOT NULL DEFAULT 0,
    renewal_attempt INTEGER NOT NULL DEFAULT 0,
    renewal_at_ms INTEGER,
    rate_strikes TEXT NOT NULL DEFAULT '[]',
    quarantine_level INTEGER NOT NULL DEFAULT 0,
    quarantined_until_ms INTEGER NOT NULL DEFAULT 0,
    boot_id TEXT,
    spread_ms INTEGER NOT NULL DEFAULT 2000,
    keys_version INTEGER NOT NULL DEFAULT 1,
    refusal_code TEXT,
    refusal_at_ms INTEGER NOT NULL DEFAULT 0,
    report_stream TEXT,
    band_shares TEXT NOT NULL DEFAULT '[]',
    patience TEXT
  ) STRICT`,
  `INSERT INTO server (id) VALUES (1)`,
  `CREATE TABLE runs (
    position INTEGER PRIMARY KEY,
    run_id TEXT NOT NULL UNIQUE,
    cpu INTEGER NOT NULL,
    memory INTEGER NOT NULL,
    runs INTEGER NOT NULL,
    expires_at_ms INTEGER NOT NULL,
    signed TEXT NOT NULL,
    signature TEXT NOT NULL,
    seq INTEGER,
    sealed TEXT,
    org_id TEXT NOT NULL DEFAULT '',
    workspace_id TEXT,
    project_id TEXT,
    priority TEXT NOT NULL DEFAULT 'normal',
    action TEXT NOT NULL DEFAULT '',
    expected_ms REAL NOT NULL DEFAULT 0,
    dispatched_at_ms INTEGER NOT NULL DEFAULT 0,
    cost REAL NOT NULL DEFAULT 0,
    band_weight REAL NOT NULL DEFAULT 1,
    start_number INTEGER NOT NULL DEFAULT 0,
    is_ordered INTEGER NOT NULL DEFAULT 0,
    after TEXT NOT NULL DEFAULT '[]'
  ) STRICT`,
  `CREATE TABLE commands (
    seq INTEGER PRIMARY KEY,
    run_id TEXT,
    signed TEXT NOT NULL,
    signature TEXT NOT NULL,
    sealed TEXT
  ) STRICT`,
  `CREATE TABLE ended_runs (
    run_id TEXT PRIMARY KEY,
    at_ms INTEGER NOT NULL,
    is_tombstone INTEGER NOT NULL,
    has_succeeded INTEGER NOT NULL DEFAULT 0
  ) STRICT`,
  `CREATE INDEX ended_runs_by_time ON ended_runs (at_ms)`,
  `CREATE TABLE reports (seq INTEGER PRIMARY KEY, body TEXT NOT NULL) STRICT`,
  `CREATE TABLE used_tickets (ticket_id TEXT PRIMARY KEY, expires_at_ms INTEGER NOT NULL) STRICT`,
  `CREATE INDEX used_tickets_by_expiry ON used_tickets (expires_at_ms)`,
  `CREATE TABLE revoked_viewers (user_id TEXT PRIMARY KEY, at_ms INTEGER NOT NULL) STRICT`,
  `CREATE TABLE telemetry_history (
    place INTEGER PRIMARY KEY,
    start_ms INTEGER NOT NULL,
    body TEXT NOT NULL
  ) STRICT`,
  `CREATE TABLE platform_trust (id INTEGER PRIMARY KEY CHECK (id = 1), body TEXT NOT NULL) STRICT`,
  `CREATE TABLE shares (place TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID`,
  `CREATE TABLE node_limits (node_id TEXT PRIMARY KEY, body TEXT NOT NULL) STRICT, WITHOUT ROWID`,
  `CREATE TABLE durations (
    key TEXT PRIMARY KEY,
    mean_ms REAL NOT NULL,
    used_at_ms INTEGER NOT NULL
  ) STRICT, WITHOUT ROWID`,
];
