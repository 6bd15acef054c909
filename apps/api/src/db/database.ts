import { createClient, type Client } from "@libsql/client";
import { Sqlite3Client } from "@libsql/client/sqlite3";
import { drizzle, type LibSQLDatabase } from "drizzle-orm/libsql";
import { KeepingPool } from "./kept-statements.ts";
import * as schema from "./schema.ts";

/** For reading. Everything that changes a row goes through the writer. */
export type Database = Omit<
  LibSQLDatabase<typeof schema>,
  "insert" | "update" | "delete" | "transaction" | "batch" | "run"
>;

export interface OpenDatabase {
  readonly client: Client;
  readonly db: LibSQLDatabase<typeof schema>;
  /** The path of the file, or null where the database is a server. */
  readonly filePath: string | null;
  close(): void;
}

export async function openDatabase(url: string, token: string | null): Promise<OpenDatabase> {
  const filePath = url.startsWith("file:") ? url.slice("file:".length) : null;
  const client =
    filePath === null
      ? createClient({ url, ...(token === null ? {} : { authToken: token }) })
      : new Sqlite3Client(new KeepingPool(filePath), "number");
  if (filePath !== null) await client.execute("PRAGMA journal_mode = WAL");
  return { client, db: drizzle(client, { schema }), filePath, close: () => client.close() };
}
