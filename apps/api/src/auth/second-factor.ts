import type { UserId } from "@quarterdeck/core/ids";
import type { Database } from "../db/database.ts";

/** Whether a user signs in with a second factor or a passkey. There are none yet, so nobody does. */
export function hasSecondFactor(_db: Database, _userId: UserId): Promise<boolean> {
  return Promise.resolve(false);
}
