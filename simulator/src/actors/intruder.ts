import type { RunId, ServerId } from "@quarterdeck/core/ids";
import { BrowserSocket } from "../substitutes/browser-socket.ts";
import type { Machine } from "../world/machine.ts";
import { SimProcess } from "../world/sim-process.ts";
import type { ApiService } from "./api-service.ts";
import type { Place } from "./client.ts";
import type { ShippedApi } from "./shipped-api.ts";

interface IntruderOptions {
  readonly machine: Machine;
  readonly api: ApiService;
  readonly shipped: ShippedApi;
}

/** Something that somebody asks for who may not have it. */
export interface Target {
  readonly runId: RunId;
  readonly serverId: ServerId;
  readonly orgId: string;
}

/** What an unwelcome connection may be told, and what one that asks for too much. */
const refusal = ["error"];
const ownGreeting = ["error", "authorized", "server"];

/** A member of one org with a script instead of the console: asks for what its tickets do not name. */
export class Intruder {
  readonly #options: IntruderOptions;
  readonly #process: SimProcess;

  constructor(options: IntruderOptions) {
    this.#options = options;
    this.#process = new SimProcess(options.machine, options.machine.name);
  }

  /** Tries to see a run: by a ticket for it, and with tickets for something else, at both servers. */
  ask(own: { readonly place: Place; readonly serverId: ServerId }, target: Target): void {
    const isForeign = target.orgId !== own.place.scope.orgId;
    void this.#process.run(async () => {
      if (isForeign) await this.#askPlatform(own.place, target);
      await this.#askRelay(own, target, { at: own.serverId, allowed: ownGreeting });
      if (target.serverId !== own.serverId)
        await this.#askRelay(own, target, { at: target.serverId, allowed: refusal });
    });
  }

  async #askPlatform({ scope }: Place, { serverId, runId }: Target): Promise<void> {
    const ticket = await this.#ticket(scope, serverId, [runId]);
    if (ticket !== undefined) this.#violate(`was given a ticket for ${runId} of another org`);
  }

  async #askRelay(
    { place, serverId }: { readonly place: Place; readonly serverId: ServerId },
    { runId }: Target,
    { at, allowed }: { readonly at: ServerId; readonly allowed: readonly string[] },
  ): Promise<void> {
    const ticket = await this.#ticket(place.scope, serverId, []);
    if (ticket === undefined) return;
    const socket = new BrowserSocket(`ws://relay/viewer/${at}?ticket=${encodeURIComponent(ticket)}`);
    socket.addEventListener("open", () => {
      // With its own ticket it may see its own server; elsewhere that is the other's.
      if (at !== serverId) socket.send(JSON.stringify({ type: "watchTelemetry", historyMs: 3_600_000 }));
      socket.send(JSON.stringify({ type: "watchOutput", runId, fromOffset: 0 }));
    });
    socket.addEventListener("message", ({ data = "{}" }) => {
      const { type } = JSON.parse(data) as { type: string };
      if (!allowed.includes(type)) this.#violate(`got a frame of ${runId} at ${at}: ${data.slice(0, 100)}`);
    });
  }

  /** Nothing where the platform does not answer, or says no. */
  #ticket(scope: Place["scope"], serverId: ServerId, runIds: readonly RunId[]): Promise<string | undefined> {
    const { machine, api, shipped } = this.#options;
    const { sessionToken } = scope;
    const telemetry = runIds.length === 0;
    return api
      .call(machine.name, (runtime) =>
        shipped.issueViewerTicket(runtime, scope, {
          serverId,
          telemetry,
          workspaceIds: [],
          runIds,
          inputRunIds: [],
          sessionToken,
        }),
      )
      .then(
        ({ ticket }) => ticket,
        (error: unknown) => {
          machine.world.trace(machine.name, `no ticket: ${String(error)}`);
          return undefined;
        },
      );
  }

  #violate(what: string): void {
    this.#options.machine.world.violate(`tenancy: ${this.#options.machine.name} ${what}`);
  }
}
