import { cp, mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, test } from "vitest";
import { FakeServer } from "./fake-bridge.ts";
import { eventually } from "./peer.ts";
import { orgId } from "./platform.ts";
import { RelayRuntime } from "./relay-runtime.ts";

const kindsOf = (relay: RelayRuntime, server: FakeServer) =>
  relay.api.reports(server.serverId).map((report) => report.kind);

/** Connects, ends a run and leaves; returns once the API has all of it, and the object knows that. */
async function session(relay: RelayRuntime, server: FakeServer): Promise<void> {
  const before = kindsOf(relay, server).filter((kind) => kind === "offline").length;
  const connection = await server.connect();
  const command = await server.submit();
  await server.commands(connection);
  await server.finish(connection, command);
  connection.peer.close();
  await eventually(
    () => kindsOf(relay, server).filter((kind) => kind === "offline").length,
    (count) => count > before,
  );
  await eventually(
    () => relay.isDelivered(server.serverId),
    (isDelivered) => isDelivered,
  );
}

test("[F3] an object that lost its storage begins a new stream of reports, and the API gets each of them", async () => {
  const relay = await RelayRuntime.start();
  try {
    const server = await FakeServer.make(relay, { orgId });
    await session(relay, server);
    const one = ["online", "dispatched", "result", "offline"];
    expect(kindsOf(relay, server)).toEqual(one);
    await relay.stop();
    await relay.start();
    server.position = 0;
    server.commandsReceived = 0;
    server.resultsSent = 0;
    await server.outbox({ kind: "register", orgId, publicKey: server.publicKey });
    await session(relay, server);
    expect(kindsOf(relay, server)).toEqual([...one, ...one]);
    expect(relay.api.streams.get(server.serverId)).toHaveLength(2);
    await relay.evict(server.serverId);
    await server.connect();
    await eventually(
      () => kindsOf(relay, server).at(-1),
      (kind) => kind === "online",
    );
    expect(relay.api.streams.get(server.serverId)).toHaveLength(2);
  } finally {
    await relay.stop();
  }
});

test("[F3] an object whose storage is an old copy gives its reports a new stream instead of dropping or holding them", async () => {
  const folder = await mkdtemp(join(tmpdir(), "quarterdeck-relay-copy-"));
  const [state, copy] = [join(folder, "state"), join(folder, "copy")];
  const relay = await RelayRuntime.start({ persistFolder: state });
  try {
    const server = await FakeServer.make(relay, { orgId });
    await session(relay, server);
    await relay.stop();
    await cp(state, copy, { recursive: true });
    await relay.start();
    const { position, commandsReceived, resultsSent } = server;
    await session(relay, server);
    await relay.stop();
    await rm(state, { recursive: true });
    await cp(copy, state, { recursive: true });
    await relay.start();
    Object.assign(server, { position, commandsReceived, resultsSent });
    const before = kindsOf(relay, server).length;
    await session(relay, server);
    expect(kindsOf(relay, server).slice(before)).toEqual(["online", "dispatched", "result", "offline"]);
    expect(relay.api.streams.get(server.serverId)).toHaveLength(2);
  } finally {
    await relay.stop();
    await rm(folder, { recursive: true });
  }
});
