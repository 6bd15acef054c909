import type { OrgId, ProjectId, ServerId, UserId, WorkspaceId } from "@quarterdeck/core/ids";
import type { OrgScope } from "../../apps/api/src/auth/scope.ts";
import { makePlatform } from "./actors/platform.ts";
import type { Identity } from "../../packages/bridge/src/identity.ts";
import { ApiService, ownerScope } from "./actors/api-service.ts";
import { Client, type Place } from "./actors/client.ts";
import { Intruder } from "./actors/intruder.ts";
import { RelayService } from "./actors/relay-service.ts";
import { ServerHost } from "./actors/server-host.ts";
import { Truth } from "./actors/truth.ts";
import { Viewer } from "./actors/viewer.ts";
import type { Scenario } from "./scenario.ts";
import type { Shipped } from "./shipped.ts";
import { forgetKeys } from "./substitutes/key-files.ts";
import type { Store } from "./substitutes/libsql-client.ts";
import { World } from "./world/world.ts";

/** What the machines of a scenario's servers allow at once; the same as the bridge says of two cores. */
const usualRuns = 4;
/** So little memory that what is left for runs is enough for one. */
const crowdedMemoryKb = 1024 * 1024;

/** Everybody who takes part in one scenario. */
export interface Stage {
  readonly scenario: Scenario;
  readonly world: World;
  readonly truth: Truth;
  readonly store: Store;
  readonly api: ApiService;
  readonly relay: RelayService;
  readonly hosts: readonly ServerHost[];
  readonly serverIds: readonly ServerId[];
  readonly places: readonly Place[];
  readonly viewers: readonly Viewer[];
  readonly intruder: Intruder;
  readonly client: Client;
}

interface EnrolledServer {
  readonly scope: OrgScope;
  readonly identity: Identity;
  readonly host: ServerHost;
  readonly workspaceId: WorkspaceId;
}

/** Sets the stage: orgs, enrolled servers with a workspace each, projects, viewers. Nothing has happened yet. */
export async function setStage(shipped: Shipped, scenario: Scenario, options: { isTraced: boolean }): Promise<Stage> {
  const world = new World(scenario.seed, options);
  const truth = new Truth(world);
  const { store } = shipped;
  store.rewind();
  const dataDir = `/platform-${scenario.seed}`;
  forgetKeys(dataDir); // Shrinking plays a seed many times.
  const platform = await makePlatform(shipped.api, dataDir, Math.floor(world.wallMs));
  const api = new ApiService({
    machine: world.machine("api"),
    shipped: shipped.api,
    platform,
    store,
  });
  const relay = new RelayService({
    machine: world.machine("relay"),
    shipped: shipped.relay,
    platform,
  });
  const id = <K extends "org" | "user" | "workspace" | "project">(kind: K) =>
    shipped.api.makeId(kind, Math.floor(world.wallMs), world.random.bytes(16));
  const insert = (table: string, row: Record<string, string | number>) => {
    const names = Object.keys(row);
    const sql = `INSERT INTO ${table} (${names.map((name) => `"${name}"`).join(", ")}) VALUES (${names.map(() => "?").join(", ")})`;
    store.prepare(sql).run(Object.values(row));
  };
  const nowMs = Math.floor(world.wallMs);
  const orgs = Array.from({ length: scenario.orgs }, (_, index) => {
    const [orgId, userId]: [OrgId, UserId] = [id("org"), id("user")];
    insert("quota_nodes", { id: orgId });
    insert("orgs", { orgId, name: `Org ${index}`, createdAtMs: nowMs, claimedAtMs: nowMs });
    insert("users", { userId, email: `${userId}@example.com`, passwordHash: "none", createdAtMs: nowMs });
    insert("members", { orgId, userId, role: "owner", createdAtMs: nowMs });
    return ownerScope({ orgId, userId });
  });
  await api.start();
  const servers: EnrolledServer[] = [];
  for (let index = 0; index < scenario.servers; index++) {
    const scope = orgs[index % orgs.length] as OrgScope;
    const identity = await enrol(shipped, { world, api, scope });
    const machine = world.machine(`server${index}`);
    const isCrowded = scenario.crowded === index;
    if (isCrowded) machine.memoryKb = crowdedMemoryKb;
    const host = new ServerHost({
      machine,
      shipped: shipped.bridge,
      identity,
      truth,
      maxRuns: isCrowded ? 1 : usualRuns,
    });
    const workspaceId: WorkspaceId = id("workspace");
    insert("quota_nodes", { id: workspaceId, parent_id: scope.orgId });
    insert("workspaces", {
      workspaceId,
      orgId: scope.orgId,
      name: `Workspace ${index}`,
      serverId: identity.serverId,
      createdAtMs: nowMs,
    });
    servers.push({ scope, identity, host, workspaceId });
  }
  const places = Array.from({ length: scenario.projects }, (_, index): Place => {
    const server = servers[index % servers.length] as EnrolledServer;
    const { scope, workspaceId, host } = server;
    const projectId: ProjectId = id("project");
    insert("quota_nodes", { id: projectId, parent_id: workspaceId });
    insert("projects", {
      projectId,
      orgId: scope.orgId,
      workspaceId,
      name: `Project ${index}`,
      url: "https://example.com/code.git",
      state: "ready",
      cloneTaskId: "task_none",
      testCommand: '{"program":"true","args":[]}',
      createdAtMs: nowMs,
    });
    host.makeProject(workspaceId, projectId);
    return { scope, workspaceId, projectId, machine: host.machine.name };
  });
  const viewers = Array.from(
    { length: scenario.viewers },
    (_, index) =>
      new Viewer({ machine: world.machine(`viewer${index}`), api, shipped: shipped.api, console: shipped.console }),
  );
  const intruder = new Intruder({ machine: world.machine("intruder"), api, shipped: shipped.api });
  const client = new Client(world.machine("client"), api, shipped.api);
  for (const { host } of servers) host.start();
  return {
    scenario,
    world,
    truth,
    store,
    api,
    relay,
    hosts: servers.map(({ host }) => host),
    serverIds: servers.map(({ identity }) => identity.serverId),
    places,
    viewers,
    intruder,
    client,
  };
}

async function enrol(
  { api: shipped }: Shipped,
  { world, api, scope }: { world: World; api: ApiService; scope: Place["scope"] },
): Promise<Identity> {
  const key = await shipped.generateSigningKey();
  const sealingKey = await shipped.generateSealingKey();
  const privateKey = await shipped.importSigningKey(key.privateKeyPkcs8);
  const answered = api.call("setup", async (runtime) => {
    const { command } = await shipped.createEnrolment(runtime, scope);
    const request = {
      token: / --token (\S+)/.exec(command)?.[1] ?? "",
      publicKey: key.publicKey,
      sealingKey: sealingKey.publicKey,
      hostname: "server",
      bridgeVersion: "0.1.0",
      nonce: "nonce",
    };
    return shipped.enrol(
      runtime,
      await shipped.signText(privateKey, "enrolRequest", JSON.stringify(request)),
      "127.0.0.1",
    );
  });
  let answer: Awaited<typeof answered> | undefined;
  answered.then(
    (value) => (answer = value),
    (error: unknown) => world.violate(`enrolment failed: ${String(error)}`),
  );
  await world.play(Number.POSITIVE_INFINITY, () => answer !== undefined);
  if (!answer) throw new Error(world.violations.join("; "));
  const { serverId, orgId, relayUrl, platformKeys } = JSON.parse(answer.signed) as Identity;
  return {
    serverId,
    orgId,
    publicKey: key.publicKey,
    privateKeyPkcs8: key.privateKeyPkcs8,
    sealingKey,
    platformKeys,
    formerPlatformKeys: [],
    relayUrl,
    apiUrl: "http://console",
  };
}
