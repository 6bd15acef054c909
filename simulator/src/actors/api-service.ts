import { defaultQuotaSettings } from "@quarterdeck/core/quota/operator-settings";
import type { OrgScope } from "../../../apps/api/src/auth/scope.ts";
import type { OutboxDrainer } from "../../../apps/api/src/outbox/drainer.ts";
import type { Runtime } from "../../../apps/api/src/runtime.ts";
import { hosts } from "../substitutes/fetch.ts";
import { setStore, type Store } from "../substitutes/libsql-client.ts";
import type { SimRequest, SimResponse } from "../substitutes/response.ts";
import type { Machine } from "../world/machine.ts";
import { Unreachable } from "../world/network.ts";
import { ProcessKilled, SimProcess } from "../world/sim-process.ts";
import type { Platform } from "./platform.ts";
import type { ShippedApi } from "./shipped-api.ts";

const restartMs = 800;
export const databaseUrl = "http://database";

interface Replica {
  readonly process: SimProcess;
  readonly runtime: Runtime;
  readonly drainer: OutboxDrainer;
  readonly internal: { fetch(request: never): Response | Promise<Response> };
}

interface ApiOptions {
  readonly machine: Machine;
  readonly shipped: ShippedApi;
  readonly platform: Platform;
  readonly store: Store;
}

/** The API's process on its machine: started again when it dies, with the database outside of it. */
export class ApiService {
  readonly machine: Machine;
  readonly #options: ApiOptions;
  #replica: Replica | undefined;
  isHeldDown = false;

  constructor(options: ApiOptions) {
    this.#options = options;
    this.machine = options.machine;
    setStore(databaseUrl, options.store);
    hosts(this.machine.world).set("api", (request) => this.#answer(request));
  }

  get process(): SimProcess | undefined {
    return this.#replica?.process.isAlive ? this.#replica.process : undefined;
  }

  async start(): Promise<void> {
    if (this.isHeldDown || this.process) return;
    const process = new SimProcess(this.machine, "api");
    process.onEnd(() => this.machine.world.timeline.after(restartMs, () => void this.start()));
    this.#replica = await process.run(() => this.#open(process));
    const replica = this.#replica;
    replica?.process.run(() => {
      replica.drainer.start();
      this.#options.shipped.startHousekeeping(replica.runtime);
    });
  }

  /** Does something in the API's process for a caller elsewhere, over the network. */
  call<T>(from: string, act: (runtime: Runtime) => Promise<T>): Promise<T> {
    return this.machine.world.network.request(`${from}>api`, () => this.#inside((replica) => act(replica.runtime)));
  }

  #inside<T>(act: (replica: Replica) => Promise<T>): Promise<T> {
    const replica = this.#replica;
    if (!replica?.process.isAlive) return Promise.reject(new Unreachable("the API is down"));
    return new Promise((resolve, reject) => {
      replica.process.onEnd(() => reject(new Unreachable("the API went away")));
      // As a request that comes in: also a process that is stopped takes it later.
      replica.process.after(0, () => void act(replica).then(resolve, reject));
    });
  }

  #answer(request: SimRequest): Promise<SimResponse> {
    return this.#inside(async (replica) => (await replica.internal.fetch(request as never)) as unknown as SimResponse);
  }

  async #open(process: SimProcess): Promise<Replica> {
    const { shipped, platform } = this.#options;
    const clock = { nowMs: () => Date.now(), monotonicMs: () => performance.now() };
    const { client, db } = await shipped.openDatabase(databaseUrl, null);
    const trace = (level: string) => (fields: unknown, message?: unknown) => {
      const { err, ...rest } = (typeof fields === "object" ? fields : {}) as { err?: unknown };
      this.machine.world.trace(
        `api ${level}`,
        `${String(message ?? fields)} ${err instanceof Error ? err.message : ""} ${JSON.stringify(rest)}`,
      );
    };
    const log = {
      trace: trace("trace"),
      debug: trace("debug"),
      info: trace("info"),
      warn: trace("warn"),
      error: trace("error"),
      fatal: trace("fatal"),
    } as never;
    const keys = await shipped.loadKeys(platform.dataDir);
    const secrets = new shipped.SecretBox(await shipped.loadMasterKey(platform.dataDir, null));
    const changes = new shipped.ChangeSignal();
    const writer = new shipped.Writer(client, { onCommit: () => changes.wake() });
    const streamKeys = new shipped.StreamKeys({ db, writer, secrets, clock });
    const relay = new shipped.RelayLink({
      url: "http://relay",
      serviceKey: keys.serviceKey,
      log,
      onReachable: () => {
        writer.commit([shipped.recordChangeOfAllServers(clock.nowMs())]).catch((error: unknown) => {
          if (!(error instanceof ProcessKilled))
            this.machine.world.trace("api", `no change recorded: ${String(error)}`);
        });
      },
    });
    const runtime = {
      log,
      clock,
      env: { dataDir: platform.dataDir, quotas: defaultQuotaSettings },
      keys,
      sessions: { deleteExpired: () => Promise.resolve() },
      secrets,
      streamKeys,
      commandSealer: new shipped.CommandSealer(streamKeys),
      release: null,
      nudgeRollouts: () => undefined,
      serverHeard: () => undefined,
      db,
      writer,
      relay,
      rights: new shipped.RightsInUse(),
      changes,
      submissions: new shipped.SubmissionLanes(),
      housekeeping: new shipped.HousekeepingState(),
      makeId: (kind: "run") => shipped.makeId(kind, clock.nowMs(), this.machine.world.random.bytes(16)),
      nudgeOutbox: () => drainer.nudge(),
      address: { origin: "http://console", webSocketOrigin: "wss://relay" },
    } as unknown as Runtime;
    const drainer = new shipped.OutboxDrainer({ db, writer, relay, clock, log, isAlone: false });
    return { process, runtime, drainer, internal: shipped.createInternalApp(runtime, async () => null) };
  }
}

/** Who a caller is; simulated callers own their org. */
export function ownerScope(org: { orgId: OrgScope["orgId"]; userId: OrgScope["userId"] }): OrgScope {
  const caller = { ...org, email: "owner@example.com", orgName: "Org", plan: "enterprise", role: "owner" } as const;
  const access = { addresses: [], requiresMfa: false };
  return {
    ...caller,
    grants: [],
    isService: false,
    only: null,
    rolesHere: ["owner"],
    access,
    deleteAtMs: null,
    address: "127.0.0.1",
    sessionToken: "session",
    sinceAuthMs: 0,
  };
}
