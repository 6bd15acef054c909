import { eq, sql } from "drizzle-orm";
import { expect, test } from "vitest";
import type { QuarterdeckClient } from "../src/client.ts";
import { members } from "../src/db/schema.ts";
import { owner, TestApi } from "./test-api.ts";

const bar = { timeout: 5000 };

async function userIdOf({ api }: QuarterdeckClient) {
  return (await api.auth.state.query()).me!.userId;
}

test("who signs out stops watching every server of the org within five seconds, and nobody else does [T1]", async () => {
  await using platform = await TestApi.start();
  const { client, serverId } = await platform.withWorkspace();
  const second = await platform.connectServer(client);
  await platform.withWorkspace(await platform.outsider());
  const userId = await userIdOf(client);
  await client.api.auth.signOut.mutate();
  await expect.poll(() => platform.relay.revocations.length, bar).toBe(2);
  const told = platform.relay.revocations.map((revocation) => JSON.stringify(revocation)).sort();
  const expected = [serverId, second.serverId].map((id) => JSON.stringify({ serverId: id, userId }));
  expect(told).toEqual(expected.sort());
});

test("the relay is told again when it failed or its answer was lost [F2]", async () => {
  await using platform = await TestApi.start();
  const { client, serverId } = await platform.withWorkspace();
  await platform.relay.hasEntries(serverId, 2);
  const userId = await userIdOf(client);
  platform.relay.faults.push("fail", "loseAnswer");
  await client.api.auth.signOut.mutate();
  await expect.poll(() => platform.relay.revocations, bar).toEqual([1, 2].map(() => ({ serverId, userId })));
});

test("a sign-in that replaces a session ends what that session watched [T5]", async () => {
  await using platform = await TestApi.start();
  const { client, serverId } = await platform.withWorkspace();
  const userId = await userIdOf(client);
  await client.api.auth.signIn.mutate(owner);
  await expect.poll(() => platform.relay.revocations, bar).toEqual([{ serverId, userId }]);
});

test("a member who is removed stops watching within five seconds, without doing anything [T1]", async () => {
  await using platform = await TestApi.start();
  const { api, serverId } = await platform.withWorkspace();
  const member = await platform.memberOf((await api.orgs.current.query()).orgId, "member");
  const userId = await userIdOf(member);
  const following = Promise.withResolvers<void>();
  const subscription = member.api.events.changes.subscribe({}, { onStarted: () => following.resolve() });
  await following.promise;
  await platform.api.runtime.writer.commit([sql`delete from ${members} where ${eq(members.userId, userId)}`]);
  await expect.poll(() => platform.relay.revocations, bar).toEqual([{ serverId, userId }]);
  subscription.unsubscribe();
});

test("a relay that is not there holds up neither the sign-out nor the stop of the API", async () => {
  await using platform = await TestApi.start();
  const { client } = await platform.withWorkspace();
  await platform.relay.stop();
  await client.api.auth.signOut.mutate();
  expect((await client.api.auth.state.query()).me).toBeNull();
});
