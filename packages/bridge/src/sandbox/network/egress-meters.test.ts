import { randomBytes } from "node:crypto";
import { once } from "node:events";
import { existsSync, mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from "node:fs";
import type { Server } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { makeId, type ProjectId, type WorkspaceId } from "@quarterdeck/core/ids";
import { afterEach, beforeEach, expect, it } from "vitest";
import { Changes } from "../../../test/changes.ts";
import { EgressMeters } from "./egress-meters.ts";
import { ProxyMeter } from "./proxy-meter.ts";

const path = {
  workspaceId: makeId("workspace", 1, randomBytes(16)) as WorkspaceId,
  projectId: makeId("project", 1, randomBytes(16)) as ProjectId,
};
const workspace = { ...path, projectId: null };
const changes = new Changes();
const said: string[] = [];
const log = { warn: (message: string) => void said.push(message) };

let folder: string;
const servers: Server[] = [];
const hosts: EgressMeters[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "qd-meters-"));
  said.length = 0;
});
afterEach(() => {
  for (const host of hosts.splice(0)) host.close();
  for (const server of servers.splice(0)) server.close();
  rmSync(folder, { recursive: true, force: true });
});

async function startProxy(socket: string): Promise<ProxyMeter> {
  const meter = new ProxyMeter();
  const server = meter.server().listen(socket);
  servers.push(server);
  await once(server, "listening");
  return meter;
}

/** A host that has begun, as it does after a restart too. */
function openHost(rate: number | null) {
  const host = new EgressMeters(folder, log);
  hosts.push(host);
  host.ledger.setLimit(workspace, null, 0);
  host.ledger.setLimit(path, rate, 0);
  return host;
}

const untilHeard = ({ ledger }: EgressMeters) =>
  changes.until(() => ledger.standing(path).proxies === 1 && ledger.standing(path).isHeard, "the proxy");

it("finds a proxy when it comes, gives it leave, and knows what it counted; after a restart it finds it again", async () => {
  const first = openHost(1_000_000);
  const meter = await startProxy(first.place(path));
  await untilHeard(first);
  const { signal } = new AbortController();
  let passed = 0;
  while (passed < 100_000) passed += (await meter.allow("received", 60_000, signal)) ?? 0;
  await changes.until(() => first.ledger.standing(path).counted.received === passed, "what it counted");
  first.close();
  const second = openHost(null);
  await untilHeard(second);
  expect(await meter.allow("sent", 5_000_000, signal)).toBe(5_000_000);
  await changes.until(() => second.ledger.standing(path).counted.sent === 5_000_000, "what it counted");
  expect(second.ledger.standing(workspace).counted).toEqual({ received: passed, sent: 5_000_000 });
  expect(said).toEqual([]);
});

it("forgets what is left of a proxy that is gone, and waits for one that is about to listen", async () => {
  const host = openHost(null);
  const names = ["young", "old"].map((kind) => ({ kind, socket: host.place(path) }));
  for (const { kind, socket } of names) {
    // What a killed process leaves: a name at which nobody listens.
    writeFileSync(socket, "");
    const place = socket.replace(/sock$/, "json");
    if (kind === "old") utimesSync(place, 0, 0);
  }
  const [young, old] = names.map(({ socket }) => socket) as [string, string];
  await changes.until(() => !existsSync(old), "the end of the old one");
  expect(existsSync(young)).toBe(true);
  rmSync(young);
  await startProxy(young);
  await untilHeard(host);
  expect(readdirSync(folder)).toHaveLength(2);
});

it("gives nothing to a proxy of which nobody knows whose it is", async () => {
  const host = openHost(null);
  const socket = host.place(path);
  writeFileSync(socket.replace(/sock$/, "json"), '{"workspaceId":"ws_1","projectId":null}');
  await startProxy(socket);
  await changes.until(() => !existsSync(socket), "the end of the strange one");
  expect(host.ledger.standing(path).proxies).toBe(0);
  expect(said).toEqual(["nobody knows whose a proxy is, so it gets nothing"]);
});

it("says what to do where the path is too long for a socket, before anything is started", () => {
  const long = join(folder, "x".repeat(120));
  const host = new EgressMeters(long, log);
  hosts.push(host);
  expect(() => host.place(path)).toThrow("a data directory with a shorter one");
});
