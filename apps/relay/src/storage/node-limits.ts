import { nodeLimitsSchema, type NodeLimits } from "@quarterdeck/core/protocol/relay-api";
import { readText, type Sql } from "./sql.ts";

/** What orgs, workspaces and projects may use here. */
export function listNodeLimits(sql: Sql): NodeLimits[] {
  return sql
    .exec(`SELECT body FROM node_limits`)
    .toArray()
    .map((row) => nodeLimitsSchema.parse(JSON.parse(readText(row, "body"))));
}

export function writeNodeLimits(sql: Sql, node: NodeLimits): void {
  sql.exec(
    `INSERT INTO node_limits (node_id, body) VALUES (?, ?) ON CONFLICT (node_id) DO UPDATE SET body = excluded.body`,
    node.id,
    JSON.stringify(node),
  );
}
