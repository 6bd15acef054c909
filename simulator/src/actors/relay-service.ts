import { hosts } from "../substitutes/fetch.ts";
import type { SimRequest, SimResponse } from "../substitutes/response.ts";
import type { Machine } from "../world/machine.ts";
import { Unreachable } from "../world/network.ts";
import { SimProcess } from "../world/sim-process.ts";
import type { Platform } from "./platform.ts";
import { RelayObject } from "./relay-object.ts";
import { stubOf, type RelayEnv, type ShippedRelay } from "./shipped-relay.ts";

interface RelayOptions {
  readonly machine: Machine;
  readonly shipped: ShippedRelay;
  readonly platform: Platform;
}

/** The relay: its Worker, and an object for each server. A deployment, like a crash, ends all instances and cuts all sockets. */
export class RelayService {
  readonly machine: Machine;
  readonly objects = new Map<string, RelayObject>();
  readonly #shipped: ShippedRelay;
  readonly #env: RelayEnv;
  /** The durable steps to go until a crash that was planned, and how long it is away then. */
  #crash: { stepsLeft: number; readonly downMs: number } | null = null;

  constructor({ machine, shipped, platform }: RelayOptions) {
    this.machine = machine;
    this.#shipped = shipped;
    this.#env = {
      SERVER_SESSIONS: { idFromName: (name) => name, get: (name) => stubOf(this.#object(name)) },
      PLATFORM_KEYS: platform.relay.platformKeys,
      RELAY_PRIVATE_KEY: platform.relay.privateKey,
      RELAY_CERTIFICATE: platform.relay.certificate,
      SERVICE_KEY: platform.serviceKey,
      API_URL: "http://api",
    };
    hosts(machine.world).set("relay", (request) => this.#answer(request));
  }

  /** Ends everything that is in memory, and starts again a moment later. */
  restart(downMs: number): void {
    if (!this.machine.isUp) return;
    this.machine.isUp = false;
    for (const object of this.objects.values()) object.crash();
    this.machine.world.trace("relay down");
    this.machine.world.timeline.after(downMs, () => {
      this.machine.isUp = true;
      this.machine.world.trace("relay up");
    });
  }

  /** Plans a crash exactly before or after a commit of an object, `steps` of them from now. */
  crashAtStep(steps: number, downMs: number): void {
    this.#crash = { stepsLeft: steps, downMs };
  }

  /** Forgets a crash that was planned. */
  spare(): void {
    this.#crash = null;
  }

  #step(): boolean {
    const crash = this.#crash;
    if (crash === null || --crash.stepsLeft > 0) return false;
    this.#crash = null;
    this.restart(crash.downMs);
    return true;
  }

  #object(name: string): RelayObject {
    const known = this.objects.get(name);
    if (known) return known;
    const object = new RelayObject(name, {
      shipped: this.#shipped,
      env: this.#env,
      machine: this.machine,
      onStep: () => this.#step(),
    });
    this.objects.set(name, object);
    return object;
  }

  async #answer(request: SimRequest): Promise<SimResponse> {
    if (!this.machine.isUp) throw new Unreachable("the relay is down");
    const worker = new SimProcess(this.machine, "relay worker");
    try {
      const answer = await worker.run(() => this.#shipped.default.fetch(request, this.#env));
      if (!answer || !this.machine.isUp) throw new Unreachable("the relay went away");
      return answer;
    } finally {
      worker.kill();
    }
  }
}
