import { mostHeld } from "../amounts.ts";

/**
 * The tables of budgets in SQLite, and the triggers that keep their promises: whoever writes a reservation cannot promise more
 * than a window has left, settle twice, or open a closed window again. One statement is thus one whole transition.
 *
 * `budgets` has each rule with its current window, `budget_tallies` what was used and is promised of each window that is still
 * needed, `budget_reservations` the promises, `settled` once it is known what was used.
 */
export const sqlBudgetSchema: readonly string[] = [
  `CREATE TABLE budgets (
  id TEXT PRIMARY KEY,
  period TEXT NOT NULL,
  time_zone TEXT NOT NULL,
  unit TEXT NOT NULL,
  amount_limit INTEGER NOT NULL,
  window_name TEXT NOT NULL,
  window_start_ms INTEGER NOT NULL,
  window_end_ms INTEGER NOT NULL
) STRICT, WITHOUT ROWID`,
  `CREATE TABLE budget_tallies (
  budget_id TEXT NOT NULL,
  start_ms INTEGER NOT NULL,
  end_ms INTEGER NOT NULL,
  name TEXT NOT NULL,
  used INTEGER NOT NULL DEFAULT 0,
  reserved INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (budget_id, start_ms)
) STRICT, WITHOUT ROWID`,
  `CREATE TABLE budget_reservations (
  budget_id TEXT NOT NULL,
  id TEXT NOT NULL,
  amount INTEGER NOT NULL,
  window_start_ms INTEGER NOT NULL,
  settled INTEGER,
  PRIMARY KEY (budget_id, id)
) STRICT, WITHOUT ROWID`,
  `CREATE INDEX budget_reservations_by_window ON budget_reservations (budget_id, window_start_ms)`,
  `CREATE TRIGGER budgets_opened AFTER INSERT ON budgets BEGIN
  INSERT INTO budget_tallies (budget_id, start_ms, end_ms, name)
  VALUES (NEW.id, NEW.window_start_ms, NEW.window_end_ms, NEW.window_name);
END`,
  // Windows only go forward, whatever a clock says.
  `CREATE TRIGGER budgets_not_back BEFORE UPDATE OF window_start_ms ON budgets
WHEN NEW.window_start_ms < OLD.window_end_ms OR NEW.window_end_ms <= NEW.window_start_ms BEGIN
  SELECT RAISE(IGNORE);
END`,
  // What is settled is known for one window more, and a closed window while something of it is open.
  `CREATE TRIGGER budgets_rolled AFTER UPDATE OF window_start_ms ON budgets BEGIN
  INSERT INTO budget_tallies (budget_id, start_ms, end_ms, name)
  VALUES (NEW.id, NEW.window_start_ms, NEW.window_end_ms, NEW.window_name);
  DELETE FROM budget_reservations
  WHERE budget_id = NEW.id AND window_start_ms < OLD.window_start_ms AND settled IS NOT NULL;
  DELETE FROM budget_tallies
  WHERE budget_id = NEW.id AND start_ms < OLD.window_start_ms AND NOT EXISTS (
    SELECT 1 FROM budget_reservations AS open
    WHERE open.budget_id = budget_tallies.budget_id AND open.window_start_ms = budget_tallies.start_ms
  );
END`,
  `CREATE TRIGGER budget_reservations_fit BEFORE INSERT ON budget_reservations
WHEN NEW.amount < 0 OR NEW.settled IS NOT NULL OR NOT EXISTS (
  SELECT 1 FROM budgets JOIN budget_tallies AS tally ON tally.budget_id = budgets.id AND tally.start_ms = budgets.window_start_ms
  WHERE budgets.id = NEW.budget_id AND budgets.window_start_ms = NEW.window_start_ms
    AND NEW.amount <= max(0, budgets.amount_limit - tally.used - tally.reserved)
) BEGIN
  SELECT RAISE(IGNORE);
END`,
  `CREATE TRIGGER budget_reservations_made AFTER INSERT ON budget_reservations BEGIN
  UPDATE budget_tallies SET reserved = reserved + NEW.amount
  WHERE budget_id = NEW.budget_id AND start_ms = NEW.window_start_ms;
END`,
  `CREATE TRIGGER budget_reservations_once BEFORE UPDATE ON budget_reservations
WHEN OLD.settled IS NOT NULL OR NEW.settled IS NULL OR NEW.settled < 0 OR NEW.settled > ${mostHeld} - (
  SELECT used FROM budget_tallies WHERE budget_id = OLD.budget_id AND start_ms = OLD.window_start_ms
) BEGIN
  SELECT RAISE(IGNORE);
END`,
  `CREATE TRIGGER budget_reservations_settled AFTER UPDATE OF settled ON budget_reservations BEGIN
  UPDATE budget_tallies SET used = used + NEW.settled, reserved = reserved - OLD.amount
  WHERE budget_id = OLD.budget_id AND start_ms = OLD.window_start_ms;
END`,
];
