/**
 * The journal's tables, as the steps that make them: `steps[n]` leads from version n to n + 1. A change is a further step; what
 * reads and writes must work before it too, until the bridge is confirmed and the journal migrated (PROTOCOL 9.6).
 */
export type JournalSteps = readonly string[];

const firstTables = `
-- Stays as it is in every version: an older bridge reads from it which one to install.
CREATE TABLE meta (
  name TEXT PRIMARY KEY,
  value TEXT NOT NULL,
  checksum TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE commands (
  command_id TEXT PRIMARY KEY,
  run_id TEXT NOT NULL,
  signed TEXT NOT NULL,
  signature TEXT NOT NULL,
  -- As it came: what it holds is opened in memory only.
  sealed TEXT,
  effect TEXT NOT NULL,
  state TEXT NOT NULL,
  boot_id TEXT,
  reruns INTEGER NOT NULL,
  received_at_ms INTEGER NOT NULL,
  forget_at_ms INTEGER NOT NULL,
  checksum TEXT NOT NULL
) STRICT;
CREATE INDEX commands_by_run ON commands (run_id);
CREATE INDEX commands_unfinished ON commands (command_id) WHERE state IN ('RECEIVED', 'INTENT', 'STARTED');
CREATE INDEX commands_by_forget_time ON commands (forget_at_ms);

-- Results that the relay has not acknowledged yet.
CREATE TABLE results (
  seq INTEGER PRIMARY KEY,
  command_id TEXT NOT NULL,
  is_final INTEGER NOT NULL,
  signed TEXT NOT NULL,
  signature TEXT NOT NULL,
  checksum TEXT NOT NULL
) STRICT;

-- Runs that were cancelled before their command came.
CREATE TABLE tombstones (
  run_id TEXT PRIMARY KEY,
  forget_at_ms INTEGER NOT NULL,
  checksum TEXT NOT NULL
) STRICT, WITHOUT ROWID;
`;

export const journalSteps: JournalSteps = [firstTables];
