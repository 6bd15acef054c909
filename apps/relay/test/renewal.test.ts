import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { RunId, ServerId } from "@quarterdeck/core/ids";
import type { Command } from "@quarterdeck/core/protocol/command";
import { afterAll, afterEach, beforeAll, expect, test } from "vitest";
import { FakeServer } from "./fake-bridge.ts";
import { eventually } from "./peer.ts";
import { id, orgId } from "./platform.ts";
import { RelayRuntime } from "./relay-runtime.ts";

let relay: RelayRuntime;
let folder: string;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "quarterdeck-relay-renewal-"));
  relay = await RelayRuntime.start({ persistFolder: folder });
});
afterAll(async () => {
  await relay.stop();
  await rm(folder, { recursive: true });
});
afterEach(() => {
  relay.api.renew = undefined;
});

const soon = () => ({ expiresAtMs: Date.now() + 60_000 });

/** Signs each run anew, as a further attempt. */
async function sign(serverId: ServerId, runIds: readonly RunId[], parts: Partial<Command> = {}) {
  const renewed = await Promise.all(
    runIds.map(async (runId) => {
      const { command: _command, ...text } = await relay.platform.command(serverId, { runId, attempt: 2, ...parts });
      return { runId, ...text };
    }),
  );
  return { renewed };
}

async function endings(server: FakeServer, count: number) {
  const ended = await eventually(
    () => relay.api.reports(server.serverId).filter((report) => report.kind === "ended"),
    (all) => all.length === count,
  );
  return Object.fromEntries(ended.map(({ runId, verdict, code }) => [runId, [verdict, code]]));
}

test("[F2] a run whose signature runs out waits while the API is away, keeps its place, and holds nobody else back", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const [projectId, other] = [id("project"), id("project")];
  const whole = { cpu: 2000, memory: 1024, runs: 1 };
  const first = await server.submit({ projectId, demand: whole, ...soon() });
  const second = await server.submit({ projectId, demand: whole });
  const neighbour = await server.submit({ projectId: other, demand: whole });
  const connection = await server.connect();
  expect((await server.commands(connection)).map(({ runId }) => runId)).toEqual([neighbour.runId]);
  expect(await relay.waiting(server.serverId, first.runId)).toMatchObject({ state: "waiting" });
  expect((await relay.waiting(server.serverId, second.runId)).waiting).toMatchObject({
    reason: "order",
    behind: first.runId,
  });
  await server.finish(connection, neighbour);
  relay.api.renew = sign;
  // Nobody calls the object: its alarm asks again.
  expect(await server.commands(connection)).toMatchObject([{ runId: first.runId, attempt: 2 }]);
  await server.finish(connection, first);
  expect(await server.commands(connection)).toMatchObject([{ runId: second.runId, attempt: 1 }]);
  expect(relay.api.reports(server.serverId).filter((report) => report.kind === "ended")).toEqual([]);
});

test("a renewal that the API refuses ends the run with its word, and only the API calls a run expired", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const removed = await server.submit({ projectId: id("project"), ...soon() });
  const old = await server.submit({ projectId: id("project"), expiresAtMs: Date.now() - 1 });
  relay.api.renew = async () => ({
    refused: [
      { runId: removed.runId, code: "FORBIDDEN", message: "The submitter was removed." },
      { runId: old.runId, code: "COMMAND_EXPIRED", message: "It waited longer than it may." },
    ],
  });
  await server.connect();
  expect(await endings(server, 2)).toEqual({
    [removed.runId]: ["refused", "FORBIDDEN"],
    [old.runId]: ["expired", "COMMAND_EXPIRED"],
  });
});

test("[W2] a renewal that no platform key signed, or that is another run's, reaches no bridge", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const forged = await server.submit({ projectId: id("project"), ...soon() });
  const swapped = await server.submit({ projectId: id("project"), ...soon() });
  let swaps = 0;
  relay.api.renew = async (serverId, runIds) => {
    const { renewed } = await sign(serverId, runIds);
    const [foreign] = (await sign(serverId, [id("run")])).renewed;
    return {
      renewed: renewed.map((entry) => {
        if (entry.runId === forged.runId) return { ...entry, signed: entry.signed.replace("echo", "evil") };
        return swaps++ === 0 ? { ...entry, signed: foreign?.signed ?? "", signature: foreign?.signature ?? "" } : entry;
      }),
    };
  };
  const connection = await server.connect();
  // The swapped one waits until it gets its own.
  expect(await server.commands(connection)).toMatchObject([{ runId: swapped.runId, attempt: 2 }]);
  expect(await endings(server, 1)).toEqual({ [forged.runId]: ["refused", "SIGNATURE_INVALID"] });
  expect(swaps).toBe(2);
});

test.each([["evicted"], ["restarted"]] as const)(
  "[F10] a run that waits for a signature is not forgotten when the relay is %s",
  async (fate) => {
    const server = await FakeServer.make(relay, { orgId });
    const waiting = await server.submit(soon());
    let connection = await server.connect();
    await eventually(
      () => relay.api.renewals.flat().includes(waiting.runId),
      (isAsked) => isAsked,
    );
    if (fate === "evicted") {
      await eventually(
        () => relay.isDelivered(server.serverId),
        (isDelivered) => isDelivered,
      );
      await relay.evict(server.serverId);
      relay.api.renew = sign;
    } else {
      await relay.stop();
      relay.api.renew = sign;
      await relay.start();
      connection = await server.connect();
    }
    expect(await server.commands(connection)).toMatchObject([{ runId: waiting.runId, attempt: 2 }]);
  },
);

test("[F2] a run that is cancelled while the API signs is not sent", async () => {
  const server = await FakeServer.make(relay, { orgId });
  const cancelled = await server.submit(soon());
  const asked = Promise.withResolvers<void>();
  const answered = Promise.withResolvers<void>();
  relay.api.renew = async (serverId, runIds) => {
    asked.resolve();
    await answered.promise;
    return await sign(serverId, runIds);
  };
  const connection = await server.connect();
  await asked.promise;
  await server.cancel(cancelled.runId);
  answered.resolve();
  expect(await endings(server, 1)).toEqual({ [cancelled.runId]: ["cancelled", "CANCELLED"] });
  const next = await server.submit();
  expect((await server.commands(connection)).map(({ runId }) => runId)).toEqual([next.runId]);
});
