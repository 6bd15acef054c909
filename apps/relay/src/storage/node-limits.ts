import { nodeLimitsSchema, type NodeLimits } from "@quarterdeck/core/protocol/relay-api";
import { readText, type Sql } from "./sql.ts";

/** What orgs, workspaces and projects may use here. */
export function listNodeLimits(sql: Sql): NodeLimits[] {
  return sql
    .exec(`SELECT body FROM node_limits`)
    .toArray()
    .map((row) => nodeLimitsSchema.parse(JSON.parse(readText(row, "body"))));
}

/** Replaces what was told before. */
export function writeNodeLimits(sql: Sql, nodes: readonly NodeLimits[]): void {
  sql.exec(`DELETE FROM node_limits`);
  for (const node of nodes) {
    sql.exec(`INSERT INTO node_limits (node_id, body) VALUES (?, ?)`, node.id, JSON.stringify(node));
  }
}
