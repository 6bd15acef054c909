import { createHash } from "node:crypto";
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { eq } from "drizzle-orm";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import type { ServerId } from "@quarterdeck/core/ids";
import type { Command } from "@quarterdeck/core/protocol/command";
import { trustedKeys } from "@quarterdeck/core/protocol/key-set";
import { isSignedBy, openSigned, type SignedText } from "@quarterdeck/core/protocol/signing";
import { renewalAnswerSchema } from "@quarterdeck/core/protocol/relay-api";
import { releaseManifestSchema } from "@quarterdeck/core/protocol/release";
import type { RunFinished } from "@quarterdeck/core/protocol/result";
import { takeClaim } from "../src/outbox/claim.ts";
import { advanceRollout } from "../src/updates/advance-rollout.ts";
import { listRunningRollouts } from "../src/updates/repo.ts";
import { members } from "../src/db/schema.ts";
import { capabilities, type FakeBridge } from "./fake-bridge.ts";
import { newId, refusalOf, TestApi, type Fixture } from "./test-api.ts";

const offered = "0.2.0";
const archive = Buffer.from("the bytes of a package");
const folder = mkdtempSync(join(tmpdir(), "quarterdeck-release-"));
const tarball = join(folder, "bridge.tgz");

beforeAll(() => {
  writeFileSync(tarball, archive);
  const manifest = {
    v: 1,
    version: offered,
    sha256: createHash("sha256").update(archive).digest("base64url"),
    sizeBytes: archive.length,
    actions: [...capabilities.actions, "bridge.update", "git.diff"],
    features: ["drain"],
    minimalProtocol: { major: 1, minor: 0 },
  };
  writeFileSync(`${tarball}.json`, JSON.stringify(manifest));
});
afterAll(() => rmSync(folder, { recursive: true }));

const old = { ...capabilities, actions: [...capabilities.actions, "bridge.update"] };
const start = (settleMs = 0, path = tarball) =>
  TestApi.start({ QUARTERDECK_BRIDGE_TARBALL: path, QUARTERDECK_ROLLOUT_SETTLE_MS: String(settleMs) });

interface Connected {
  readonly serverId: ServerId;
  readonly bridge: FakeBridge;
}

/** A server whose bridge can replace itself. */
async function connect(platform: TestApi, client: Fixture["client"]): Promise<Connected> {
  const connected = await platform.connectServer(client);
  await platform.report(connected.serverId, { kind: "online", epoch: 2, bootId: "b", capabilities: old });
  return connected;
}

const commandOf = async (platform: TestApi, serverId: ServerId, nth = 1): Promise<Command> => {
  await platform.relay.hasEntries(serverId, 1 + nth);
  return platform.relay.commandsOf(serverId).at(-1)!;
};

/** The bridge came back in the new version, or did not. */
async function answer(
  platform: TestApi,
  { serverId, bridge }: Connected,
  { change = {}, version = offered, nth = 1 }: { change?: Partial<RunFinished>; version?: string; nth?: number } = {},
): Promise<void> {
  const command = await commandOf(platform, serverId, nth);
  await platform.report(
    serverId,
    { kind: "online", epoch: 3, bootId: "b", capabilities: { ...old, bridgeVersion: version } },
    { kind: "result", ...(await bridge.finish(command, change)) },
  );
}

/** Looks until it finds something. The driver is a loop of its own, so there is nothing to await. */
async function until<T>(look: () => Promise<T | undefined | false>): Promise<T> {
  for (;;) {
    const found = await look();
    if (found !== undefined && found !== false) return found;
  }
}

const stateOf = async ({ api }: Fixture["client"], serverId: ServerId) =>
  (await api.updates.overview.query()).servers.find((server) => server.serverId === serverId)?.update;

describe("the offered package", () => {
  test("is served under its hash, with a manifest that the platform signed for this use only [W2]", async () => {
    await using platform = await start();
    const { release, keys } = platform.api.runtime;
    const base = `${platform.origin}/install/releases/${release!.manifestHash}`;
    const signed = (await (await fetch(`${base}/manifest.json`)).json()) as SignedText;
    expect(createHash("sha256").update(signed.signed).digest("base64url")).toBe(release!.manifestHash);
    const open = (domain: "release" | "command") =>
      openSigned(signed, { keys: [keys.platform.publicKey], domain, schema: releaseManifestSchema });
    expect(await open("release")).toMatchObject({ ok: true, value: { version: offered } });
    expect(await open("command")).toMatchObject({ ok: false });
    expect(Buffer.from(await (await fetch(`${base}/quarterdeck-bridge.tgz`)).arrayBuffer())).toEqual(archive);
    expect((await fetch(`${platform.origin}/install/releases/other/manifest.json`)).status).toBe(404);
  });

  test("is signed by the key that signs now: updates go on after a rotation, also for who obeys the new keys only", async () => {
    await using platform = await start();
    const client = await platform.signedUp();
    const server = await connect(platform, client);
    const { serverId } = server;
    const { release, keys } = platform.api.runtime;
    const address = `${platform.origin}/install/releases/${release!.manifestHash}/manifest.json`;
    const fetchManifest = async () => {
      const response = await fetch(address);
      // Nothing on the way may keep a signature longer than its key lasts.
      expect(response.headers.get("cache-control")).toBe("no-store");
      return (await response.json()) as SignedText;
    };
    const change = async (body: object) => {
      const wish = { fromVersion: keys.platform.set.version, isForced: false, ...body };
      expect((await platform.internal("/internal/keys", wish)).status).toBe(200);
    };
    const retired = keys.platform.publicKey;
    const before = await fetchManifest();
    expect(await isSignedBy(retired, "release", before)).toBe(true);
    await change({ change: "rotate" });
    await platform.report(serverId, { kind: "keysTaken", version: 2 });
    await change({ change: "retire" });

    const after = await fetchManifest();
    expect(after.signed).toBe(before.signed);
    expect(await isSignedBy(retired, "release", after)).toBe(false);
    const trusted = trustedKeys(keys.platform.set);
    expect(trusted).not.toContain(retired);
    const opened = await openSigned(after, { keys: trusted, domain: "release", schema: releaseManifestSchema });
    expect(opened).toMatchObject({ ok: true, value: { version: offered } });

    await client.api.updates.updateServer.mutate({ serverId });
    await platform.relay.until(() => platform.relay.commandsOf(serverId).length === 1);
    const [command] = platform.relay.entriesOf(serverId).flatMap((entry) => (entry.kind === "command" ? [entry] : []));
    const { signed, signature } = command!;
    expect(await isSignedBy(keys.platform.publicKey, "command", { signed, signature })).toBe(true);
    expect(JSON.parse(signed)).toMatchObject({ params: { manifestHash: release!.manifestHash } });
  });

  test("is none when the file is not the one described beside it", async () => {
    const changed = join(folder, "changed.tgz");
    writeFileSync(changed, "other bytes");
    copyFileSync(`${tarball}.json`, `${changed}.json`);
    await using platform = await start(0, changed);
    expect(platform.api.runtime.release).toBeNull();
    const client = await platform.signedUp();
    const { serverId } = await connect(platform, client);
    expect(await client.api.updates.overview.query()).toMatchObject({ offeredVersion: null });
    expect(await refusalOf(client.api.updates.updateServer.mutate({ serverId }))).toMatchObject({ code: "CONFLICT" });
  });
});

describe("what a bridge can do", () => {
  test("[F11] decides what may be submitted, and the refusal says which version brings the rest", async () => {
    await using platform = await start();
    const fixture = await platform.withWorkspace();
    const { api, serverId, workspaceId } = fixture;
    const report = (actions: string[], bridgeVersion = "0.0.9") =>
      platform.report(serverId, {
        kind: "online",
        epoch: 4,
        bootId: "b",
        capabilities: { ...capabilities, bridgeVersion, actions },
      });
    const submit = () =>
      api.tasks.submit.mutate({
        taskId: newId("task"),
        workspaceId,
        projectId: null,
        action: "exec",
        params: { program: "echo", args: [] },
      });
    await report(["task.cancel"]);
    const refusal = await refusalOf(submit());
    expect(refusal.code).toBe("COMMAND_UNSUPPORTED");
    expect(refusal.message).toContain("version 0.0.9");
    expect(refusal.message).toContain(`Version ${offered} brings it`);
    await report(["task.cancel"], offered);
    expect((await refusalOf(submit())).message).toContain(
      "Its helper is older than the bridge: run the installer again",
    );
    await report(["exec"]);
    await submit();
  });

  test("is shown with what the offered version would bring", async () => {
    await using platform = await start();
    const client = await platform.signedUp();
    const { serverId } = await connect(platform, client);
    const [server] = (await client.api.updates.overview.query()).servers;
    expect(server).toMatchObject({ serverId, version: "0.1.0", isOutdated: true, updatesItself: true, update: null });
    expect(server?.brings).toEqual({ actions: ["git.diff"], features: ["drain"] });
  });
});

describe("an update of one server", () => {
  test("is a signed command that names the package, and is done when the new version stayed for a while", async () => {
    await using platform = await start();
    const client = await platform.signedUp();
    const server = await connect(platform, client);
    const { serverId } = server;
    await client.api.updates.updateServer.mutate({ serverId });
    const command = await commandOf(platform, serverId);
    expect(command).toMatchObject({
      action: "bridge.update",
      effect: "idempotent",
      workspaceId: null,
      params: {
        version: offered,
        manifestHash: platform.api.runtime.release!.manifestHash,
        allowsDowngrade: false,
        triesAgain: false,
      },
    });
    expect(await refusalOf(client.api.updates.updateServer.mutate({ serverId }))).toMatchObject({ code: "CONFLICT" });
    await answer(platform, server);
    await until(async () => (await stateOf(client, serverId))?.state === "updated");
    expect(await refusalOf(client.api.updates.updateServer.mutate({ serverId }))).toMatchObject({ code: "CONFLICT" });
  });

  test("that failed says why, and is tried again when somebody wants that", async () => {
    await using platform = await start();
    const client = await platform.signedUp();
    const server = await connect(platform, client);
    const { serverId } = server;
    await client.api.updates.updateServer.mutate({ serverId });
    const change = { verdict: "failed", code: "UPDATE_FAILED", message: "It ended with code 9." } as const;
    await answer(platform, server, { change, version: "0.1.0" });
    const failed = await until(async () => {
      const update = await stateOf(client, serverId);
      return update?.state === "failed" && update;
    });
    expect(failed).toMatchObject({ message: "It ended with code 9.", fromVersion: "0.1.0", version: offered });
    await until(async () => (await listRunningRollouts(platform.api.database.db)).length === 0);
    await client.api.updates.updateServer.mutate({ serverId, triesAgain: true });
    expect((await commandOf(platform, serverId, 2)).params).toMatchObject({ triesAgain: true });
  });

  test("is refused for a server that is away or cannot replace itself", async () => {
    await using platform = await start();
    const client = await platform.signedUp();
    const { serverId } = await platform.connectServer(client);
    const ask = () => refusalOf(client.api.updates.updateServer.mutate({ serverId }));
    expect(await ask()).toMatchObject({ code: "COMMAND_UNSUPPORTED" });
    await platform.report(serverId, { kind: "online", epoch: 2, bootId: "b", capabilities: old });
    await platform.report(serverId, { kind: "offline", reason: "silent" });
    expect(await ask()).toMatchObject({ code: "CONFLICT", message: expect.stringContaining("not connected") });
  });

  test("is refused for a server that was removed [W2]", async () => {
    await using platform = await start();
    const client = await platform.signedUp();
    const { serverId } = await connect(platform, client);
    await client.api.servers.revoke.mutate({ serverId, confirmName: "box" });
    expect(await refusalOf(client.api.updates.updateServer.mutate({ serverId }))).toMatchObject({ code: "REVOKED" });
    const all = client.api.updates.updateAll.mutate({ firstServerId: null });
    expect(await refusalOf(all)).toMatchObject({ code: "CONFLICT" });
    expect(platform.relay.commandsOf(serverId)).toEqual([]);
  });

  test("is not signed anew when its signature runs out or its key is dropped, and says what to do", async () => {
    await using platform = await start();
    const client = await platform.signedUp();
    const { serverId } = await connect(platform, client);
    await client.api.updates.updateServer.mutate({ serverId });
    const { runId } = await commandOf(platform, serverId);
    const response = await platform.internal("/relay/renewals", { serverId, runIds: [runId] });
    const { renewed, refused } = renewalAnswerSchema.parse(await response.json());
    expect(renewed).toEqual([]);
    expect(refused).toMatchObject([{ code: "COMMAND_EXPIRED", message: expect.stringContaining("Update it again") }]);
    const [{ code, message }] = refused as [(typeof refused)[number]];
    await platform.report(serverId, { kind: "ended", runId, verdict: "refused", code, message });
    expect(await stateOf(client, serverId)).toMatchObject({ state: "failed", message });
  });

  test("is moved by the result of its own command only [W2]", async () => {
    await using platform = await start();
    const client = await platform.signedUp();
    const server = await connect(platform, client);
    const { serverId, bridge } = server;
    await client.api.updates.updateServer.mutate({ serverId });
    const command = await commandOf(platform, serverId);
    const others = [{ commandId: newId("command") }, { taskId: newId("task") }, { serverId: newId("server") }];
    for (const change of others)
      await platform.report(serverId, { kind: "result", ...(await bridge.finish(command, change)) });
    expect((await stateOf(client, serverId))?.state).toBe("sent");
    await answer(platform, server);
    await until(async () => (await stateOf(client, serverId))?.state === "updated");
  });

  test("that the relay could not deliver has failed", async () => {
    await using platform = await start();
    const client = await platform.signedUp();
    const { serverId } = await connect(platform, client);
    await client.api.updates.updateServer.mutate({ serverId });
    const { runId } = await commandOf(platform, serverId);
    const ended = { kind: "ended", runId, verdict: "expired", code: "COMMAND_EXPIRED" } as const;
    await platform.report(serverId, { ...ended, message: "It came too late." });
    expect(
      await until(async () => {
        const update = await stateOf(client, serverId);
        return update?.state === "failed" && update.message;
      }),
    ).toBe("It came too late.");
  });
});

describe("an update of all servers", () => {
  async function withServers(platform: TestApi, count: number) {
    const client = await platform.signedUp();
    const servers: Connected[] = [];
    for (let n = 0; n < count; n++) servers.push(await connect(platform, client));
    return { client, servers };
  }
  const hasCommand = (platform: TestApi, { serverId }: Connected) => platform.relay.commandsOf(serverId).length > 0;
  const rolloutOf = async ({ api }: Fixture["client"]) => (await api.updates.overview.query()).rollout;

  test("begins with the chosen one, and the rest follows when that works", async () => {
    await using platform = await start();
    const { client, servers } = await withServers(platform, 4);
    const [a, b, c, d] = servers as [Connected, Connected, Connected, Connected];
    await client.api.updates.updateAll.mutate({ firstServerId: c.serverId });
    await commandOf(platform, c.serverId);
    expect([a, b, d].map((server) => hasCommand(platform, server))).toEqual([false, false, false]);
    await answer(platform, c);
    for (const server of [a, b, d]) await answer(platform, server);
    const rollout = await until(async () => {
      const now = await rolloutOf(client);
      return now?.state === "completed" && now;
    });
    expect(rollout.updates.map(({ serverId, state }) => [serverId, state])).toEqual(
      [c, a, b, d].map(({ serverId }) => [serverId, "updated"]),
    );
  });

  test("stops at a failure and says which server and why", async () => {
    await using platform = await start();
    const { client, servers } = await withServers(platform, 3);
    const [first, second] = servers as [Connected, Connected];
    await client.api.updates.updateAll.mutate({ firstServerId: null });
    const change = { verdict: "failed", code: "UPDATE_FAILED", message: "It hung." } as const;
    await answer(platform, first, { change, version: "0.1.0" });
    const rollout = await until(async () => {
      const now = await rolloutOf(client);
      return now?.state === "stopped" && now;
    });
    expect(rollout.reason).toBe("box: It hung.");
    expect(rollout.updates.map(({ state }) => state)).toEqual(["failed", "skipped", "skipped"]);
    expect(hasCommand(platform, second)).toBe(false);
  });

  test("goes on after a restart of the API where it stood [F3]", async () => {
    await using platform = await start();
    const { client, servers } = await withServers(platform, 2);
    const [first, second] = servers as [Connected, Connected];
    await client.api.updates.updateAll.mutate({ firstServerId: first.serverId });
    await commandOf(platform, first.serverId);
    await platform.restart();
    await answer(platform, first);
    await answer(platform, second);
    await until(async () => (await rolloutOf(client))?.state === "completed");
    expect(platform.relay.commandsOf(first.serverId)).toHaveLength(1);
  });

  test("can be stopped: who has it on the way goes on, nobody else gets it", async () => {
    await using platform = await start();
    const { client, servers } = await withServers(platform, 2);
    const [first, second] = servers as [Connected, Connected];
    const { rollout } = await client.api.updates.updateAll.mutate({ firstServerId: null });
    await commandOf(platform, first.serverId);
    await client.api.updates.stop.mutate({ rolloutId: rollout!.rolloutId });
    await answer(platform, first);
    const ended = await until(async () => {
      const now = await rolloutOf(client);
      return now !== null && now.state !== "running" && now;
    });
    expect(ended.updates.map(({ state }) => state)).toEqual(["updated", "skipped"]);
    expect(hasCommand(platform, second)).toBe(false);
  });

  test("stops when who started it may not manage servers any more [T1]", async () => {
    await using platform = await start();
    const { client, servers } = await withServers(platform, 2);
    const [first, second] = servers as [Connected, Connected];
    await client.api.updates.updateAll.mutate({ firstServerId: null });
    await commandOf(platform, first.serverId);
    const { db } = platform.api.database;
    const { orgId } = await client.api.orgs.current.query();
    await platform.api.runtime.writer.commit([
      db.update(members).set({ role: "viewer" }).where(eq(members.orgId, orgId)),
    ]);
    await answer(platform, first);
    const ended = await until(async () => {
      const now = await rolloutOf(client);
      return now?.state === "stopped" && now;
    });
    expect(ended.reason).toContain("may not manage servers");
    expect(hasCommand(platform, second)).toBe(false);
  });

  test("is driven by the process that holds the claim: one whose claim was taken over changes nothing [F2]", async () => {
    await using platform = await start();
    const { client, servers } = await withServers(platform, 2);
    const [first, second] = servers as [Connected, Connected];
    const { db } = platform.api.database;
    const { writer } = platform.api.runtime;
    await client.api.updates.updateAll.mutate({ firstServerId: null });
    await commandOf(platform, first.serverId);
    const claim = (holder: string) =>
      takeClaim({ db, writer }, { name: "rollouts", holder, nowMs: Date.now(), durationMs: 25_000, isForced: true });
    const stale = await claim("one replica");
    const current = await claim("another");
    await answer(platform, first);
    const [rollout] = await listRunningRollouts(db);
    const times = { settleMs: 0, answerMs: 60_000 };
    await advanceRollout(platform.api.runtime, rollout!, { claim: stale!, times });
    expect(await stateOf(client, first.serverId)).toMatchObject({ state: "settling" });
    await advanceRollout(platform.api.runtime, rollout!, { claim: current!, times });
    expect(await stateOf(client, first.serverId)).toMatchObject({ state: "updated" });
    await commandOf(platform, second.serverId);
  });
});
