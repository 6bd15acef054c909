import { Unreachable } from "../world/network.ts";
import { requireProcess } from "../world/sim-process.ts";
import { SimRequest, type SimResponse } from "./response.ts";

/** Answers requests to one host. */
export type Handler = (request: SimRequest) => Promise<SimResponse>;

/** Who answers at which host of one world. */
export class Hosts {
  readonly #handlers = new Map<string, Handler>();

  set(host: string, handler: Handler): void {
    this.#handlers.set(host, handler);
  }

  async handle(host: string, request: SimRequest): Promise<SimResponse> {
    const handler = this.#handlers.get(host);
    if (!handler) throw new Unreachable(`nobody answers at ${host}`);
    return handler(request);
  }
}

const hostsOf = new WeakMap<object, Hosts>();

export function hosts(world: object): Hosts {
  const known = hostsOf.get(world) ?? new Hosts();
  hostsOf.set(world, known);
  return known;
}

interface Init {
  readonly method?: string;
  readonly headers?: HeadersInit;
  readonly body?: string | null;
  readonly signal?: AbortSignal | null;
}

/** The global `fetch`: over the simulated network, from the machine it is called on. */
export async function request(target: URL | string, init: Init = {}): Promise<SimResponse> {
  const process = requireProcess();
  const { machine } = process;
  const url = new URL(String(target));
  const passed = Promise.withResolvers<void>();
  process.gate(passed.resolve);
  await passed.promise;
  return machine.world.network.request(
    `${machine.name}>${url.hostname}`,
    () => hosts(machine.world).handle(url.hostname, new SimRequest(url, init)),
    init.signal,
  );
}
