import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { makeId, type UserId } from "@quarterdeck/core/ids";
import { signIn, type TestClient } from "./client.ts";
import type { Quarterdeck } from "./quarterdeck.ts";

/** One more member of the only org, with the owner's password: nobody can be invited yet, so the rows are written. */
export async function addMember(
  { dataDir, url }: Quarterdeck,
  role: "admin" | "developer" | "viewer",
): Promise<{ userId: UserId; client: TestClient }> {
  const userId = makeId("user", Date.now(), crypto.getRandomValues(new Uint8Array(16)));
  const email = `${userId}@example.org`;
  const database = new DatabaseSync(join(dataDir, "quarterdeck.db"), { timeout: 5000 });
  try {
    database
      .prepare(
        `insert into users ("userId", email, "passwordHash", "createdAtMs")
         select ?, ?, "passwordHash", "createdAtMs" from users limit 1`,
      )
      .run(userId, email);
    database
      .prepare(
        `insert into members ("orgId", "userId", role, "createdAtMs")
         select "orgId", ?, ?, "createdAtMs" from members where role = 'owner' limit 1`,
      )
      .run(userId, role);
  } finally {
    database.close();
  }
  return { userId, client: await signIn(url, url, email) };
}
