import { expect, test } from "vitest";
import type { ChangeView } from "../src/events/views.ts";
import { keepHouse } from "../src/housekeeping.ts";
import type { QuarterdeckClient } from "../src/client.ts";
import { newId, TestApi } from "./test-api.ts";
import { messageText } from "./message-text.ts";

interface Follower {
  readonly seen: { id: number; change: ChangeView }[];
  /** Resolves when this many events were seen. */
  has(count: number): Promise<void>;
  readonly ended: Promise<unknown>;
  stop(): void;
}

function follow(client: QuarterdeckClient, lastEventId?: string): Follower {
  const seen: Follower["seen"] = [];
  const ended = Promise.withResolvers<unknown>();
  const subscription = client.api.events.changes.subscribe(lastEventId === undefined ? undefined : { lastEventId }, {
    onData: ({ id, data }) => seen.push({ id: Number(id), change: data }),
    onError: (error) => ended.resolve(error),
    onComplete: () => ended.resolve(undefined),
    onConnectionStateChange: (state) => {
      if (state.state === "connecting" && state.error !== null) ended.resolve(state.error);
    },
  });
  return {
    seen,
    has: async (count) =>
      expect.poll(() => seen.length, { interval: 5, timeout: 10_000 }).toBeGreaterThanOrEqual(count),
    ended: ended.promise,
    stop: () => subscription.unsubscribe(),
  };
}

async function recorded(platform: TestApi, after: number): Promise<number[]> {
  const { rows } = await platform.api.database.client.execute({
    sql: "select eventId from events where eventId > ? order by eventId",
    args: [after],
  });
  return rows.map((row) => Number(row["eventId"]));
}

test("a console that was away gets what it missed, without gap or duplicate, also over a restart [F3]", async () => {
  await using platform = await TestApi.start();
  const { client, api, serverId, workspaceId } = await platform.withWorkspace();
  const submit = (from: QuarterdeckClient["api"]) =>
    from.tasks.submit.mutate({
      taskId: newId("task"),
      workspaceId,
      projectId: null,
      action: "exec",
      params: { program: "echo", args: [] },
    });
  const follower = follow(client);
  await follower.has(1);
  expect(follower.seen[0]?.change.kind).toBe("org");
  const start = follower.seen[0]!.id;
  for (let i = 0; i < 20; i++) await submit(api);
  await follower.has(21);
  await platform.restart();
  for (let i = 0; i < 20; i++) await submit(api);
  await api.servers.rename.mutate({ serverId, name: "Renamed" });
  const all = await recorded(platform, start);
  await follower.has(all.length + 1);
  expect(follower.seen.slice(1).map(({ id }) => id)).toEqual(all);
  expect(follower.seen.at(-1)?.change).toMatchObject({ kind: "server", id: serverId });
  follower.stop();

  const resumed = follow(client, String(start + 5));
  await resumed.has(all.length - 5);
  expect(resumed.seen.map(({ id }) => id)).toEqual(all.slice(5));
  resumed.stop();
});

test("a console that was away too long is told that anything may have changed", async () => {
  await using platform = await TestApi.start();
  const { client, api } = await platform.withWorkspace();
  await api.orgs.rename.mutate({ name: "One" });
  const { runtime } = platform.api;
  await keepHouse({ ...runtime, clock: { ...runtime.clock, nowMs: () => Date.now() + 2 * 24 * 3600 * 1000 } });
  // Housekeeping ended the session by its clock, too.
  const again = platform.client();
  await again.api.auth.signIn.mutate({ email: "ada@example.com", password: "an orchard of plums" });
  await again.api.orgs.rename.mutate({ name: "Two" });
  const follower = follow(again, "1");
  await follower.has(1);
  expect(follower.seen[0]?.change.kind).toBe("org");
  follower.stop();
  expect(client).toBeDefined();
});

test("an org sees its own changes and no others [T1]", async () => {
  await using platform = await TestApi.start();
  const { client, api } = await platform.withWorkspace();
  const outsider = await platform.outsider();
  const theirs = follow(outsider);
  const mine = follow(client);
  await Promise.all([theirs.has(1), mine.has(1)]);
  await api.orgs.rename.mutate({ name: "Mine" });
  await mine.has(2);
  await outsider.api.orgs.rename.mutate({ name: "Theirs" });
  await theirs.has(2);
  const { orgId } = await outsider.api.orgs.current.query();
  expect(theirs.seen.slice(1).map(({ change }) => change.id)).toEqual([orgId]);
  for (const follower of [mine, theirs]) follower.stop();
});

test("signing out closes the sockets of that session, and of no other [T5]", async () => {
  await using platform = await TestApi.start();
  const { client } = await platform.withWorkspace();
  const token = client.sessionToken()!;
  const other = platform.client();
  await other.api.auth.signIn.mutate({ email: "ada@example.com", password: "an orchard of plums" });
  const [leaving, staying] = [follow(platform.client(token)), follow(other)];
  await Promise.all([leaving.has(1), staying.has(1)]);
  await client.api.auth.signOut.mutate();
  expect(await leaving.ended).toBeDefined();
  await other.api.orgs.rename.mutate({ name: "Still here" });
  await staying.has(2);
  expect(
    leaving.seen.some(({ change }) => change.id === staying.seen.at(-1)?.change.id && leaving.seen.length > 1),
  ).toBe(false);
  staying.stop();
  leaving.stop();
});

test("a member who is removed loses the open socket within seconds [T1]", async () => {
  await using platform = await TestApi.start();
  const { api } = await platform.withWorkspace();
  const member = await platform.memberOf((await api.orgs.current.query()).orgId, "developer");
  const follower = follow(member);
  await follower.has(1);
  await platform.api.database.client.batch(["delete from members where role = 'developer'"], "write");
  expect(await follower.ended).toBeDefined();
  follower.stop();
});

test("a socket carries subscriptions only, so that nothing outlives a role through it [T5]", async () => {
  await using platform = await TestApi.start();
  const client = await platform.signedUp();
  const { WebSocket } = await import("ws");
  const socket = new WebSocket(`${platform.origin.replace("http", "ws")}/trpc`, {
    headers: { authorization: `Bearer ${client.sessionToken()}` },
  });
  const answer = await new Promise<string>((resolve) => {
    socket.on("open", () =>
      socket.send(JSON.stringify({ id: 1, method: "mutation", params: { path: "orgs.rename", input: { name: "x" } } })),
    );
    socket.on("message", (data) => {
      if (messageText(data).startsWith("{")) resolve(messageText(data));
    });
  });
  socket.terminate();
  expect(answer).toContain("subscriptions only");
});
