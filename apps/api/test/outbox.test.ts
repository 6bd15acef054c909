import { expect, test } from "vitest";
import { takeClaim } from "../src/outbox/claim.ts";
import { readOutboxAfter, setOutboxThrough } from "../src/outbox/repo.ts";
import { newId, TestApi, type Fixture } from "./test-api.ts";

const submit = ({ api, workspaceId }: Fixture, text: string) =>
  api.tasks.submit.mutate({
    taskId: newId("task"),
    workspaceId,
    projectId: null,
    action: "exec",
    params: { program: "echo", args: [text] },
  });

const textsOf = (platform: TestApi, serverId: string) =>
  platform.relay
    .commandsOf(serverId)
    .flatMap(({ action, params }) => (action === "exec" ? [String((params["args"] as string[])[0])] : []));

test("100 tasks submitted at once arrive once each, in the order of their positions", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const texts = Array.from({ length: 100 }, (_, index) => `text ${index}`);
  await Promise.all(texts.map((text) => submit(fixture, text)));
  const entries = await platform.relay.hasEntries(fixture.serverId, 102);
  expect(entries.map((entry) => entry.position)).toEqual(Array.from({ length: 102 }, (_, index) => index + 1));
  expect(textsOf(platform, fixture.serverId)).toEqual(texts);
});

test("while the relay is down tasks are stored and say so, and arrive in order when it is back [F3]", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  await platform.relay.hasEntries(fixture.serverId, 2);
  await platform.relay.stop();
  await platform.api.runtime.relay.probe();
  const first = await submit(fixture, "first");
  await submit(fixture, "second");
  expect(first).toMatchObject({ state: "queued", waiting: { reason: "relay" } });
  expect(await (await fetch(`${platform.origin}/readyz`)).json()).toMatchObject({ database: true, relay: false });
  await platform.relay.start();
  platform.api.runtime.nudgeOutbox();
  await platform.relay.hasEntries(fixture.serverId, 4);
  expect(textsOf(platform, fixture.serverId)).toEqual(["first", "second"]);
});

test("an answer that was lost and an error are tried again without repeating or reordering [F2]", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  await platform.relay.hasEntries(fixture.serverId, 2);
  platform.relay.faults.push("fail", "loseAnswer", "loseAnswer");
  for (const text of ["a", "b", "c"]) await submit(fixture, text);
  await platform.relay.hasEntries(fixture.serverId, 5);
  await expect.poll(() => platform.relay.faults.length).toBe(0);
  expect(textsOf(platform, fixture.serverId)).toEqual(["a", "b", "c"]);
});

test("what was committed before the API ended is sent after it started again [F1]", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  await platform.relay.hasEntries(fixture.serverId, 2);
  await platform.relay.stop();
  await submit(fixture, "kept");
  await platform.restart();
  await platform.relay.start();
  platform.api.runtime.nudgeOutbox();
  await platform.relay.hasEntries(fixture.serverId, 3);
  expect(textsOf(platform, fixture.serverId)).toEqual(["kept"]);
});

test("a relay that came back without its storage gets everything again from the start [F3]", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  await submit(fixture, "before");
  await platform.relay.hasEntries(fixture.serverId, 3);
  platform.relay.forget(fixture.serverId);
  await submit(fixture, "after");
  const entries = await platform.relay.hasEntries(fixture.serverId, 4);
  expect(entries.map((entry) => entry.kind)).toEqual(["register", "command", "command", "command"]);
});

test("a claim that a clock ten years ahead took is free as soon as somebody with the right time asks [F7]", async () => {
  await using platform = await TestApi.start();
  const { db, writer } = platform.api.runtime;
  const ask = (holder: string, nowMs: number) =>
    takeClaim({ db, writer }, { name: "other", holder, nowMs, durationMs: 1000, isForced: false });
  const now = Date.now();
  expect((await ask("ahead", now + 10 * 365 * 86_400_000))?.fence).toBe(1);
  expect((await ask("right", now))?.fence).toBe(2);
  expect(await ask("third", now + 999)).toBeNull();
});

test("whoever takes the claim fences the one before", async () => {
  await using platform = await TestApi.start();
  const { serverId } = await platform.withWorkspace();
  await platform.relay.hasEntries(serverId, 2);
  const { db, writer } = platform.api.runtime;
  const ask = (holder: string, nowMs: number, isForced = false) =>
    takeClaim({ db, writer }, { name: "other", holder, nowMs, durationMs: 1000, isForced });
  const first = await ask("a", 0);
  expect(first).toEqual({ name: "other", fence: 1 });
  expect(await ask("b", 999)).toBeNull();
  expect(await ask("a", 500)).toEqual(first);
  const second = await ask("b", 1500);
  expect(second?.fence).toBe(2);
  expect((await ask("c", 1501, true))?.fence).toBe(3);
  const outcomes = await Promise.all(
    [first, second].map((claim) => writer.commit([setOutboxThrough({ serverId, through: 0 }, claim!)])),
  );
  expect(outcomes.map(([outcome]) => outcome?.rowsChanged)).toEqual([0, 0]);
  expect(await readOutboxAfter(db, { serverId, after: 0, limit: 10 })).toHaveLength(2);
});
