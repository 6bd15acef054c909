import type { RunId, ServerId } from "@quarterdeck/core/ids";
import type { TelemetryGap } from "@quarterdeck/core/protocol/telemetry";
import type { ViewerConnection } from "../../../apps/web/src/live/viewer-connection.ts";
import type { Machine } from "../world/machine.ts";
import { SimProcess } from "../world/sim-process.ts";
import type { ApiService } from "./api-service.ts";
import type { Place, Submitted } from "./client.ts";
import type { ShippedApi } from "./shipped-api.ts";
import { outputLine } from "./truth.ts";

export async function loadConsole() {
  return import("../../../apps/web/src/live/viewer-connection.ts");
}

export type ShippedConsole = Awaited<ReturnType<typeof loadConsole>>;

export interface Watched {
  readonly runId: RunId;
  readonly place: Place;
  /** How long its lines are at least. */
  readonly lineBytes: number | undefined;
  text: string;
  hasEnded: boolean;
  hasGap: boolean;
}

interface ViewerOptions {
  readonly machine: Machine;
  readonly api: ApiService;
  readonly shipped: ShippedApi;
  readonly console: ShippedConsole;
}

/** One console page of one org that watches runs and a server, with the code of the console. */
export class Viewer {
  readonly process: SimProcess;
  readonly watched: Watched[] = [];
  /** What it knows of the past of the servers that it watches. */
  readonly readings = new Map<ServerId, { readonly times: Set<number>; readonly gaps: TelemetryGap[] }>();
  readonly #options: ViewerOptions;
  readonly #connections = new Map<ServerId, ViewerConnection>();

  constructor(options: ViewerOptions) {
    this.#options = options;
    this.process = new SimProcess(options.machine, options.machine.name);
  }

  watch(runId: RunId, { place, plan }: Submitted, serverId: ServerId): void {
    const { lineBytes } = plan;
    const watched: Watched = { runId, place, lineBytes, text: "", hasEnded: false, hasGap: false };
    this.watched.push(watched);
    this.process.run(() =>
      this.#connection(serverId, place).watchOutput(runId, 0, {
        write: (bytes) => {
          watched.text += Buffer.from(bytes).toString("latin1");
          this.#check(watched);
        },
        end: () => (watched.hasEnded = true),
        gap: () => (watched.hasGap = true),
        unreadable: (reason) =>
          this.process.machine.world.violate(`output: ${this.process.name} cannot read ${runId}: ${reason}`),
      }),
    );
  }

  watchTelemetry(serverId: ServerId, place: Place): void {
    const known = { times: new Set<number>(), gaps: [] as TelemetryGap[] };
    this.readings.set(serverId, known);
    this.process.run(() =>
      this.#connection(serverId, place).watchTelemetry({
        historyMs: 3_600_000,
        readings: ({ samples, gaps }) => {
          for (const { atMs } of samples) known.times.add(atMs);
          known.gaps.push(...gaps);
        },
      }),
    );
  }

  /** Every byte is the one that this run wrote at this place. */
  #check({ runId, place, lineBytes, text, hasGap }: Watched): void {
    if (hasGap) return;
    let expected = "";
    const { orgId } = place.scope;
    for (let line = 0; expected.length < text.length; line++) expected += outputLine({ orgId, runId }, line, lineBytes);
    if (!expected.startsWith(text))
      this.process.machine.world.violate(
        `output: ${this.process.name} saw other bytes of ${runId} than it wrote: ${JSON.stringify(text.slice(-200))}`,
      );
  }

  #connection(serverId: ServerId, place: Place): ViewerConnection {
    const known = this.#connections.get(serverId);
    if (known) return known;
    const { machine, api, shipped, console } = this.#options;
    const connection = new console.ViewerConnection({
      clock: { nowMs: () => Date.now(), monotonicMs: () => performance.now() },
      fetchTicket: async (wish) => {
        const view = await api.call(machine.name, (runtime) =>
          shipped.issueViewerTicket(runtime, place.scope, {
            serverId,
            inputRunIds: [],
            sessionToken: place.scope.sessionToken,
            ...wish,
          }),
        );
        return { ...view, path: `http://relay${view.path}` };
      },
      onPhase: (phase) => machine.world.trace(machine.name, phase),
      onServer: () => undefined,
      onRefused: (code, message) => machine.world.trace(machine.name, `refused ${code} ${message}`),
    });
    this.#connections.set(serverId, connection);
    return connection;
  }
}
