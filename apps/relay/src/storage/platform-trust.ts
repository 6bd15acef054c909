import { keySetSchema } from "@quarterdeck/core/protocol/key-set";
import { signedTextSchema } from "@quarterdeck/core/protocol/signing";
import * as z from "zod";
import type { PlatformTrust } from "../session/platform-trust.ts";
import { firstRow, readText, type Sql } from "./sql.ts";

const trustSchema = z.strictObject({
  keys: keySetSchema,
  statements: z.array(signedTextSchema),
  relayCertificate: signedTextSchema,
});

/** What the API said last of the platform's keys; `undefined` while it has said nothing. */
export function readTrust(sql: Sql): PlatformTrust | undefined {
  const row = firstRow(sql, `SELECT body FROM platform_trust WHERE id = 1`);
  return row && trustSchema.parse(JSON.parse(readText(row, "body")));
}

export function writeTrust(sql: Sql, { keys, statements, relayCertificate }: PlatformTrust): void {
  const body = JSON.stringify({ keys, statements, relayCertificate });
  sql.exec(
    `INSERT INTO platform_trust (id, body) VALUES (1, ?) ON CONFLICT (id) DO UPDATE SET body = excluded.body`,
    body,
  );
}
