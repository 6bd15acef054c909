import { mostHeld, type ResourceList } from "../amounts.ts";

const columnName = /^[a-z][a-zA-Z0-9]*$/;

/** One column expression for each resource. */
export function eachResource(
  { names }: ResourceList<string>,
  write: (name: string) => string,
  separator = ", ",
): string {
  return names.map(write).join(separator);
}

/** Whether a node `above` has no room for more, as SQL: what asks for nothing always fits. */
export function lacksRoom(resources: ResourceList<string>, demand: (name: string) => string): string {
  const isShort = (name: string) =>
    `${demand(name)} > max(0, coalesce(above.limit_${name}, ${mostHeld}) - above.held_${name})`;
  return eachResource(resources, isShort, " OR ");
}

/**
 * The tables of a ledger in SQLite, and the triggers that keep its promises: whoever writes a reservation cannot get past a
 * limit, forget an ancestor or the record. One statement is thus one whole transition, on any connection.
 *
 * `quota_nodes` has a row per node with a column per resource; `quota_paths` each node's ancestors, itself included;
 * `quota_changes` the record, `before` and `after` in JSON.
 *
 * @throws when a resource's name is not one for a column
 */
export function sqlLedgerSchema(resources: ResourceList<string>): string[] {
  for (const name of resources.names) if (!columnName.test(name)) throw new Error(`${name} is not a name for a column`);
  return [...tables(resources), ...reservationTriggers(resources), ...nodeTriggers(resources)];
}

function tables(resources: ResourceList<string>): string[] {
  const columns = (prefix: string, type: string) => eachResource(resources, (name) => `${prefix}_${name} ${type}`);
  return [
    `CREATE TABLE quota_nodes (
  id TEXT PRIMARY KEY,
  parent_id TEXT,
  ${columns("limit", "INTEGER")},
  ${columns("held", "INTEGER NOT NULL DEFAULT 0")}
) STRICT, WITHOUT ROWID`,
    `CREATE TABLE quota_paths (
  node_id TEXT NOT NULL,
  ancestor_id TEXT NOT NULL,
  distance INTEGER NOT NULL,
  PRIMARY KEY (node_id, ancestor_id)
) STRICT, WITHOUT ROWID`,
    `CREATE INDEX quota_paths_below ON quota_paths (ancestor_id, distance)`,
    `CREATE TABLE quota_reservations (
  id TEXT PRIMARY KEY,
  node_id TEXT NOT NULL,
  state TEXT NOT NULL,
  expires_at_ms INTEGER,
  ${columns("amount", "INTEGER NOT NULL")},
  ${columns("held", "INTEGER NOT NULL")}
) STRICT, WITHOUT ROWID`,
    `CREATE INDEX quota_reservations_expiring ON quota_reservations (expires_at_ms) WHERE state = 'reserved' AND expires_at_ms IS NOT NULL`,
    `CREATE TABLE quota_changes (
  seq INTEGER PRIMARY KEY,
  what TEXT NOT NULL,
  node_id TEXT NOT NULL,
  reservation_id TEXT,
  before TEXT,
  after TEXT
) STRICT`,
  ];
}

function reservationTriggers(resources: ResourceList<string>): string[] {
  const each = (write: (name: string) => string) => eachResource(resources, write);
  const changeHeld = (gain: (name: string) => string) => `UPDATE quota_nodes
  SET ${each((name) => `held_${name} = held_${name} + ${gain(name)}`)}
  WHERE id IN (SELECT ancestor_id FROM quota_paths WHERE node_id = NEW.node_id);
  INSERT INTO quota_changes (what, node_id, reservation_id, before, after)
  SELECT NEW.state, id, NEW.id, json_array(${each((name) => `held_${name} - (${gain(name)})`)}), json_array(${each((name) => `held_${name}`)})
  FROM quota_nodes WHERE id = NEW.node_id;`;
  return [
    // A row that may not be is skipped, and its neighbours in the same statement are not.
    `CREATE TRIGGER quota_reservations_fit BEFORE INSERT ON quota_reservations
WHEN NOT EXISTS (SELECT 1 FROM quota_paths WHERE node_id = NEW.node_id) OR EXISTS (
  SELECT 1 FROM quota_paths JOIN quota_nodes AS above ON above.id = ancestor_id
  WHERE node_id = NEW.node_id AND (${lacksRoom(resources, (name) => `NEW.amount_${name}`)})
) BEGIN
  SELECT RAISE(IGNORE);
END`,
    `CREATE TRIGGER quota_reservations_made AFTER INSERT ON quota_reservations BEGIN
  ${changeHeld((name) => `NEW.held_${name}`)}
END`,
    `CREATE TRIGGER quota_reservations_changed AFTER UPDATE OF state ON quota_reservations BEGIN
  ${changeHeld((name) => `NEW.held_${name} - OLD.held_${name}`)}
END`,
  ];
}

function nodeTriggers(resources: ResourceList<string>): string[] {
  const each = (write: (name: string) => string) => eachResource(resources, write);
  const rule = (row: "NEW" | "OLD") =>
    `json_object('parentId', ${row}.parent_id, 'limit', json_array(${each((name) => `${row}.limit_${name}`)}))`;
  const record = (what: string, row: "NEW" | "OLD", change: { before: string; after: string }) =>
    `INSERT INTO quota_changes (what, node_id, before, after) VALUES ('${what}', ${row}.id, ${change.before}, ${change.after});`;
  const changeAbove = (sign: "+" | "-") => `UPDATE quota_nodes
  SET ${each((name) => `held_${name} = held_${name} ${sign} NEW.held_${name}`)}
  WHERE id IN (SELECT ancestor_id FROM quota_paths WHERE node_id = NEW.id AND distance > 0);`;
  return [
    `CREATE TRIGGER quota_nodes_added AFTER INSERT ON quota_nodes BEGIN
  INSERT INTO quota_paths SELECT NEW.id, ancestor_id, distance + 1 FROM quota_paths WHERE node_id = NEW.parent_id;
  INSERT INTO quota_paths VALUES (NEW.id, NEW.id, 0);
  ${record("added", "NEW", { before: "NULL", after: rule("NEW") })}
END`,
    `CREATE TRIGGER quota_nodes_limited AFTER UPDATE OF ${each((name) => `limit_${name}`)} ON quota_nodes BEGIN
  ${record("limited", "NEW", { before: rule("OLD"), after: rule("NEW") })}
END`,
    `CREATE TRIGGER quota_nodes_moved AFTER UPDATE OF parent_id ON quota_nodes BEGIN
  ${changeAbove("-")}
  DELETE FROM quota_paths
  WHERE node_id IN (SELECT node_id FROM quota_paths WHERE ancestor_id = NEW.id)
    AND ancestor_id IN (SELECT ancestor_id FROM quota_paths WHERE node_id = NEW.id AND distance > 0);
  INSERT INTO quota_paths
  SELECT below.node_id, above.ancestor_id, below.distance + above.distance + 1
  FROM quota_paths AS below, quota_paths AS above
  WHERE below.ancestor_id = NEW.id AND above.node_id = NEW.parent_id;
  ${changeAbove("+")}
  ${record("moved", "NEW", { before: rule("OLD"), after: rule("NEW") })}
END`,
    `CREATE TRIGGER quota_nodes_removed AFTER DELETE ON quota_nodes BEGIN
  DELETE FROM quota_paths WHERE node_id = OLD.id;
  ${record("removed", "OLD", { before: rule("OLD"), after: "NULL" })}
END`,
  ];
}
