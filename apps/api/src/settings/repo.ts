import { eq, sql } from "drizzle-orm";
import type { Database } from "../db/database.ts";
import { platformSettings } from "../db/schema.ts";
import type { Statement } from "../writer.ts";

/** What the operator may set, with what counts until then. */
export interface PlatformSettings {
  /** Whether anybody may make an account, with an org of their own. */
  readonly signUpOpen: boolean;
}

const defaults: PlatformSettings = { signUpOpen: false };

export async function readSetting<K extends keyof PlatformSettings>(
  db: Database,
  key: K,
): Promise<PlatformSettings[K]> {
  const [row] = await db.select().from(platformSettings).where(eq(platformSettings.key, key));
  return row === undefined ? defaults[key] : (row.value as PlatformSettings[K]);
}

/** The statement that sets it; it changes a row also where the value was the same. */
export function writeSetting<K extends keyof PlatformSettings>(key: K, value: PlatformSettings[K]): Statement {
  return sql`insert into ${platformSettings} values (${key}, ${JSON.stringify(value)})
    on conflict (key) do update set value = excluded.value`;
}
