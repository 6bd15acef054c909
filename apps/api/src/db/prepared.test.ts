import { eq, sql } from "drizzle-orm";
import { afterAll, expect, it } from "vitest";
import { openDatabase, type Database } from "./database.ts";
import { prepared } from "./prepared.ts";
import { claims } from "./schema.ts";

const [first, second] = [await openDatabase(":memory:", null), await openDatabase(":memory:", null)];
afterAll(() => [first, second].forEach((database) => database.close()));

it("builds a query once for each database, and asks the right one", async () => {
  for (const { client } of [first, second])
    await client.execute("create table claims (name text, holder text, fence integer, expiresAtMs integer)");
  await second.client.execute("insert into claims values ('outbox', 'me', 7, 1)");
  let built = 0;
  const claimNamed = prepared((db: Database) => {
    built++;
    return db
      .select()
      .from(claims)
      .where(eq(claims.name, sql.placeholder("name")))
      .prepare();
  });
  for (let asked = 0; asked < 2; asked++) {
    expect(await claimNamed(first.db).all({ name: "outbox" })).toEqual([]);
    expect(await claimNamed(second.db).all({ name: "outbox" })).toMatchObject([{ fence: 7 }]);
    expect(await claimNamed(second.db).all({ name: "other" })).toEqual([]);
  }
  expect(built).toBe(2);
});
