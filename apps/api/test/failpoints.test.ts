import type { ServerId, WorkspaceId } from "@quarterdeck/core/ids";
import { and, eq } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { readUnchained } from "../src/audit/chain-repo.ts";
import { verifyAudit } from "../src/audit/verify-audit.ts";
import { openDatabase } from "../src/db/database.ts";
import { auditEntries } from "../src/db/schema.ts";
import type { KeyStatus } from "../src/keys/key-status.ts";
import { ApiProcess } from "./api-process.ts";
import { enrolServer } from "./enrolled-server.ts";
import type { FakeBridge } from "./fake-bridge.ts";
import { newId, owner } from "./test-api.ts";

let api: ApiProcess;
let bridge: FakeBridge;
let serverId: ServerId;
let workspaceId: WorkspaceId;
let report: Awaited<ReturnType<typeof enrolServer>>["report"];
beforeAll(async () => {
  api = await ApiProcess.start();
  ({ bridge, serverId, workspaceId, report } = await enrolServer(api));
}, 60_000);
afterAll(() => api[Symbol.asyncDispose]());

/** Does something until it has an answer; starts the API again when it was killed meanwhile. */
async function insist<T>(act: () => Promise<T>): Promise<T> {
  for (;;) {
    try {
      return await act();
    } catch (error) {
      await expect.poll(() => api.hasEnded, { timeout: 5000 }).toBe(true);
      if (!api.wasKilled) throw error;
      await api.begin();
    }
  }
}

const submission = () => ({
  taskId: newId("task"),
  workspaceId,
  projectId: null,
  action: "exec",
  params: { program: "echo", args: ["x"] },
});
const sentFor = (taskId: string) => api.relay.commandsOf(serverId).filter((command) => command.taskId === taskId);

describe("the API that is killed", () => {
  it.each([
    "before task",
    "after task",
    "before sending",
    "after sending",
    "before outbox position",
    "after outbox position",
  ])("%s: the task is there once, and is sent once [F1]", { timeout: 60_000 }, async (moment) => {
    const wish = submission();
    api.killAt(moment);
    await insist(() => api.client.api.tasks.submit.mutate(wish));
    await expect.poll(() => api.wasKilled, { timeout: 20_000 }).toBe(true);
    // The answer may have come before the kill.
    await expect.poll(() => sentFor(wish.taskId).length > 0 || api.hasEnded, { timeout: 20_000 }).toBe(true);
    if (api.hasEnded) await api.begin();
    await expect.poll(() => sentFor(wish.taskId), { timeout: 20_000 }).toHaveLength(1);
    expect(await insist(() => api.client.api.tasks.submit.mutate(wish))).toMatchObject({ taskId: wish.taskId });
    const { tasks } = await api.client.api.tasks.list.query({ limit: 100 });
    expect(tasks.filter(({ taskId }) => taskId === wish.taskId)).toHaveLength(1);
    const positions = api.relay.entriesOf(serverId).map(({ position }) => position);
    expect(positions).toEqual(positions.map((_, index) => index + 1));
  });

  it.each(["before report", "after report"])(
    "%s: the result is recorded once [F1]",
    { timeout: 60_000 },
    async (moment) => {
      const wish = submission();
      await insist(() => api.client.api.tasks.submit.mutate(wish));
      await expect.poll(() => sentFor(wish.taskId), { timeout: 20_000 }).toHaveLength(1);
      const [command] = sentFor(wish.taskId);
      api.killAt(moment);
      await report({ kind: "result", ...(await bridge.finish(command!)) }, insist);
      expect(api.wasKilled).toBe(true);
      expect(await api.client.api.tasks.get.query({ taskId: wish.taskId })).toMatchObject({
        state: "ended",
        verdict: "succeeded",
      });
    },
  );

  it.each(["before chaining", "after chaining"])(
    "%s: the audit's chain is whole, and every entry is in it once [F1] [E2]",
    { timeout: 60_000 },
    async (moment) => {
      api.killAt(moment);
      await insist(() => api.client.api.tasks.submit.mutate(submission()));
      await expect.poll(() => api.wasKilled && api.hasEnded, { timeout: 20_000 }).toBe(true);
      await api.begin();
      const { orgId } = await api.client.api.orgs.current.query();
      const database = await openDatabase(api.databaseUrl, null);
      try {
        const { db } = database;
        await expect.poll(async () => (await readUnchained(db, 1)).size, { timeout: 20_000 }).toBe(0);
        const { head, fault } = await verifyAudit(db, orgId);
        expect(fault).toBeNull();
        expect(head.seq).toBe(await db.$count(auditEntries, eq(auditEntries.orgId, orgId)));
      } finally {
        database.close();
      }
    },
  );

  it.each(["before sign-out", "after sign-out"])(
    "%s: the session ends, and the relay is told once that its user's connections end [F1]",
    { timeout: 60_000 },
    async (moment) => {
      const before = api.relay.revocations.length;
      const userId = (await api.client.api.auth.state.query()).me!.userId;
      api.killAt(moment);
      await insist(() => api.client.api.auth.signOut.mutate());
      expect(api.wasKilled).toBe(true);
      await expect.poll(() => api.relay.revocations.slice(before), { timeout: 20_000 }).toEqual([{ serverId, userId }]);
      expect((await api.client.api.auth.state.query()).me).toBeNull();
      await api.client.api.auth.signIn.mutate(owner);
    },
  );

  it.each(["before housekeeping", "after housekeeping"])(
    "%s, which comes at each start, starts again [F1]",
    { timeout: 60_000 },
    async (moment) => {
      const wish = submission();
      await insist(() => api.client.api.tasks.submit.mutate(wish));
      await api.kill();
      api.killAt(moment);
      await api.begin();
      await expect.poll(() => api.hasEnded, { timeout: 20_000 }).toBe(true);
      await api.begin();
      expect(await api.client.api.tasks.get.query({ taskId: wish.taskId })).toMatchObject({ taskId: wish.taskId });
      await expect.poll(() => sentFor(wish.taskId), { timeout: 20_000 }).toHaveLength(1);
    },
  );

  it.each(["before recording keys", "after recording keys"])(
    "%s: a change of the keys is in the audit once, as it was asked for [F1]",
    { timeout: 60_000 },
    async (moment) => {
      const version = async () => ((await (await api.internal("/internal/keys")).json()) as KeyStatus).version;
      const before = await version();
      api.killAt(moment);
      const body = { change: "rotate", fromVersion: before, isForced: true };
      await expect(api.internal("/internal/keys", body)).rejects.toThrow();
      await expect.poll(() => api.wasKilled && api.hasEnded, { timeout: 20_000 }).toBe(true);
      await api.begin();
      expect(await version()).toBe(before + 1);
      const database = await openDatabase(api.databaseUrl, null);
      try {
        const recorded = () =>
          database.db
            .select({ subject: auditEntries.subject })
            .from(auditEntries)
            .where(
              and(eq(auditEntries.action, "keys.rotate"), eq(auditEntries.detail, `version ${before + 1}, forced`)),
            );
        await expect.poll(recorded, { timeout: 20_000 }).toHaveLength(1);
        await api.kill();
        api.killAt("after housekeeping");
        await api.begin();
        await expect.poll(() => api.wasKilled && api.hasEnded, { timeout: 20_000 }).toBe(true);
        await api.begin();
        expect(await recorded()).toEqual([{ subject: expect.stringMatching(/^SHA256:/) }]);
      } finally {
        database.close();
      }
    },
  );
});
