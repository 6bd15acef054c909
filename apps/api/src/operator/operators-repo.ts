import type { UserId } from "@quarterdeck/core/ids";
import { and, eq, ne, sql, type SQL } from "drizzle-orm";
import { alias } from "drizzle-orm/sqlite-core";
import type { Database } from "../db/database.ts";
import { users } from "../db/schema.ts";

/** Whether an account runs the platform. Read with each call, so that what was taken is gone at once. */
export async function isOperator(db: Database, userId: UserId): Promise<boolean> {
  const [row] = await db.select({ isOperator: users.isOperator }).from(users).where(eq(users.userId, userId));
  return row?.isOperator ?? false;
}

/** Makes an account an operator; changes no row where it is one. */
export function giveOperator(userId: UserId): SQL {
  return sql`update ${users} set "isOperator" = 1 where ${and(eq(users.userId, userId), eq(users.isOperator, false))}`;
}

/** Takes it again; changes no row where it is none, or the only one. */
export function takeOperator(userId: UserId): SQL {
  const other = alias(users, "other");
  return sql`update ${users} set "isOperator" = 0 where ${and(eq(users.userId, userId), eq(users.isOperator, true))}
    and exists (select 1 from ${users} as ${other} where ${and(ne(other.userId, userId), eq(other.isOperator, true))})`;
}
