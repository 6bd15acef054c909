import { eq, sql, type SQL } from "drizzle-orm";
import * as z from "zod";
import type { Database } from "../db/database.ts";
import { platformSettings } from "../db/schema.ts";

const key = "isSignUpOpen";

/** Whether anybody may make an account without an invitation. Closed until an operator opens it. */
export async function isSignUpOpen(db: Database): Promise<boolean> {
  const [row] = await db.select().from(platformSettings).where(eq(platformSettings.key, key));
  return z.boolean().catch(false).parse(row?.value);
}

/** Changes no row where it is so already. */
export function setSignUpOpen(isOpen: boolean, nowMs: number): SQL {
  const value = JSON.stringify(isOpen);
  return sql`insert into ${platformSettings} (key, value, "changedAtMs") values (${key}, ${value}, ${nowMs})
    on conflict (key) do update set value = excluded.value, "changedAtMs" = excluded."changedAtMs" where value <> excluded.value`;
}
