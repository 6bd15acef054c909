import type { Vector } from "../amounts.ts";
import type { LedgerOptions } from "./quota-ledger.ts";
import type { ReservationRequest } from "./reservation.ts";
import { eachResource, lacksRoom } from "./sql-ledger-schema.ts";
import { storedLimit } from "./sql-ledger-rows.ts";
import type { SqlStatement } from "../sql-statement.ts";

const ended = "('voided', 'expired', 'settled')";

/**
 * The statements of a ledger in SQL. A write returns a row for each thing that it changed and none where it was refused, and
 * never fails, so that it takes nothing along that is written with it.
 */
export class SqlLedgerStatements {
  readonly #options: LedgerOptions;

  constructor(options: LedgerOptions) {
    this.#options = options;
  }

  /**
   * Reserves what fits of these, one after the other. Returns the ids of those.
   *
   * @param condition what else must hold, for a unit that reserves only together with something else
   */
  reserve(requests: readonly ReservationRequest[], condition: SqlStatement = always): SqlStatement {
    const values = requests.map(({ id, nodeId, amounts, expiresAtMs = null }) => [id, nodeId, expiresAtMs, ...amounts]);
    const amounts = this.#numbered((place) => `value ->> ${place + 3}`);
    return {
      sql: `INSERT INTO quota_reservations SELECT value ->> 0, value ->> 1, 'reserved', value ->> 2, ${amounts}, ${amounts}
FROM json_each(?) WHERE (${condition.sql}) ON CONFLICT DO NOTHING RETURNING id`,
      args: [JSON.stringify(values), ...condition.args],
    };
  }

  commit(id: string): SqlStatement {
    return {
      sql: `UPDATE quota_reservations SET state = 'committed' WHERE id = ? AND state = 'reserved' RETURNING *`,
      args: [id],
    };
  }

  void(id: string): SqlStatement {
    return {
      sql: `UPDATE quota_reservations SET state = 'voided', ${this.#each((name) => `held_${name} = 0`)}
WHERE id = ? AND state = 'reserved' RETURNING *`,
      args: [id],
    };
  }

  /** Settles these; without `kept`, consumables keep everything. Returns them. */
  settle(
    settlements: readonly { id: string; kept?: Vector | undefined }[],
    condition: SqlStatement = always,
  ): SqlStatement {
    const { resources, consumables = [] } = this.#options;
    const values = settlements.map(({ id, kept }) => [id, ...(kept ?? [])]);
    const kept = (name: string) => {
      const whenUnsaid = consumables.includes(name) ? `amount_${name}` : "0";
      return `coalesce(value ->> ${resources.names.indexOf(name) + 1}, ${whenUnsaid})`;
    };
    return {
      sql: `UPDATE quota_reservations SET state = 'settled', ${this.#each((name) => `held_${name} = ${kept(name)}`)}
FROM json_each(?) AS settlement WHERE quota_reservations.id = value ->> 0 AND state IN ('reserved', 'committed')
AND ${eachResource(resources, (name) => `${kept(name)} <= amount_${name}`, " AND ")} AND (${condition.sql}) RETURNING *`,
      args: [JSON.stringify(values), ...condition.args],
    };
  }

  expire(nowMs: number): SqlStatement {
    return {
      sql: `UPDATE quota_reservations SET state = 'expired', ${this.#each((name) => `held_${name} = 0`)}
WHERE state = 'reserved' AND expires_at_ms <= ? RETURNING *`,
      args: [nowMs],
    };
  }

  addNode(
    node: { id: string; parentId: string | null; limit: Vector },
    condition: SqlStatement = always,
  ): SqlStatement {
    const { id, parentId, limit } = node;
    return {
      sql: `INSERT INTO quota_nodes (id, parent_id, ${this.#each((name) => `limit_${name}`)})
SELECT ?, parent.id, ${this.#each(() => "?")} FROM (SELECT 1) LEFT JOIN quota_nodes AS parent ON parent.id = ?
WHERE (parent.id IS NOT NULL OR ? IS NULL) AND (${condition.sql}) ON CONFLICT DO NOTHING RETURNING id`,
      args: [id, ...Array.from(limit, storedLimit), parentId, parentId, ...condition.args],
    };
  }

  setLimit(nodeId: string, limit: Vector, condition: SqlStatement = always): SqlStatement {
    const { resources } = this.#options;
    const limits = Array.from(limit, storedLimit);
    return {
      sql: `UPDATE quota_nodes SET ${this.#each((name) => `limit_${name} = ?`)}
WHERE id = ? AND (${eachResource(resources, (name) => `limit_${name} IS NOT ?`, " OR ")}) AND (${condition.sql}) RETURNING *`,
      args: [...limits, nodeId, ...limits, ...condition.args],
    };
  }

  moveNode(nodeId: string, parentId: string): SqlStatement {
    return {
      sql: `UPDATE quota_nodes AS moving SET parent_id = ? WHERE id = ? AND parent_id IS NOT ?
AND EXISTS (SELECT 1 FROM quota_nodes AS parent WHERE parent.id = ?)
AND NOT EXISTS (SELECT 1 FROM quota_paths WHERE node_id = ? AND ancestor_id = moving.id)
AND NOT EXISTS (
  SELECT 1 FROM quota_paths JOIN quota_nodes AS above ON above.id = ancestor_id
  WHERE node_id = ? AND ancestor_id NOT IN (SELECT ancestor_id FROM quota_paths WHERE node_id = moving.id)
  AND (${lacksRoom(this.#options.resources, (name) => `moving.held_${name}`)})
) RETURNING *`,
      args: [parentId, nodeId, parentId, parentId, parentId, parentId],
    };
  }

  removeNode(nodeId: string): SqlStatement {
    return {
      sql: `DELETE FROM quota_nodes WHERE id = ? AND ${eachResource(this.#options.resources, (name) => `held_${name} = 0`, " AND ")}
AND NOT EXISTS (SELECT 1 FROM quota_paths WHERE ancestor_id = ? AND distance > 0)
AND NOT EXISTS (SELECT 1 FROM quota_reservations WHERE node_id = ? AND state IN ('reserved', 'committed')) RETURNING id`,
      args: [nodeId, nodeId, nodeId],
    };
  }

  findReservation(id: string): SqlStatement {
    return { sql: `SELECT * FROM quota_reservations WHERE id = ?`, args: [id] };
  }

  findNode(nodeId: string): SqlStatement {
    return { sql: `SELECT * FROM quota_nodes WHERE id = ?`, args: [nodeId] };
  }

  /** A node and its ancestors, itself first. */
  ancestors(nodeId: string): SqlStatement {
    return {
      sql: `SELECT quota_nodes.* FROM quota_paths JOIN quota_nodes ON quota_nodes.id = ancestor_id WHERE node_id = ? ORDER BY distance`,
      args: [nodeId],
    };
  }

  /** How many nodes are directly below, and how many open reservations are directly here. */
  countContents(nodeId: string): SqlStatement {
    return {
      sql: `SELECT (SELECT count(*) FROM quota_paths WHERE ancestor_id = ? AND distance = 1) AS children,
(SELECT count(*) FROM quota_reservations WHERE node_id = ? AND state IN ('reserved', 'committed')) AS reservations`,
      args: [nodeId, nodeId],
    };
  }

  changes(afterSeq: number): SqlStatement {
    return { sql: `SELECT * FROM quota_changes WHERE seq > ? ORDER BY seq`, args: [afterSeq] };
  }

  reconcile(): SqlStatement {
    const { resources } = this.#options;
    return {
      sql: `WITH own AS (
  SELECT node_id, ${this.#each((name) => `sum(held_${name}) AS held_${name}`)} FROM quota_reservations GROUP BY node_id
), summed AS (
  SELECT quota_nodes.*, ${this.#each((name) => `coalesce(sum(own.held_${name}), 0) AS reserved_${name}`)}
  FROM quota_nodes LEFT JOIN quota_paths ON ancestor_id = quota_nodes.id LEFT JOIN own ON own.node_id = quota_paths.node_id
  GROUP BY quota_nodes.id
) SELECT * FROM summed WHERE ${eachResource(resources, (name) => `held_${name} <> reserved_${name}`, " OR ")}`,
      args: [],
    };
  }

  /** Forgets what ended before the newest `kept` changes and holds nothing. */
  forgetEnded(kept: number): SqlStatement {
    return {
      sql: `DELETE FROM quota_reservations WHERE state IN ${ended}
AND ${eachResource(this.#options.resources, (name) => `held_${name} = 0`, " AND ")}
AND id IN (SELECT reservation_id FROM quota_changes WHERE what IN ${ended} AND seq <= (SELECT max(seq) FROM quota_changes) - ?)`,
      args: [kept],
    };
  }

  /** Forgets all but the newest changes. */
  forgetChanges(kept: number): SqlStatement {
    return {
      sql: `DELETE FROM quota_changes WHERE seq <= (SELECT max(seq) FROM quota_changes) - ?`,
      args: [kept],
    };
  }

  #each(write: (name: string) => string): string {
    return eachResource(this.#options.resources, write);
  }

  #numbered(write: (place: number) => string): string {
    return this.#options.resources.names.map((_, place) => write(place)).join(", ");
  }
}

const always: SqlStatement = { sql: "true", args: [] };
