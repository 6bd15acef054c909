import { copyFileSync, existsSync, mkdirSync } from "node:fs";
import { join } from "node:path";
import type { OutboxEntry } from "@quarterdeck/core/protocol/relay-api";
import type { KeySet } from "@quarterdeck/core/protocol/key-set";
import type { SignedText } from "@quarterdeck/core/protocol/signing";
import type { ServerId } from "@quarterdeck/core/ids";
import { relayConfig } from "../../../apps/api/src/embedded/relay-config.ts";
import { serviceKey } from "../../../apps/relay/test/platform.ts";
import { findFreePort } from "../../../apps/api/src/embedded/free-port.ts";
import { WorkerdProcess } from "./workerd-process.ts";

const builtBundle = join(import.meta.dirname, "../../../apps/relay/dist/worker.js");

/** The keys that a relay is started with. */
export interface RelayKeys {
  /** The platform's. */
  readonly keys: KeySet;
  readonly relay: { readonly privateKey: string; readonly certificate: SignedText };
  /** Without it the one of the tests' platform. */
  readonly serviceKey?: string;
}

interface RelayOptions {
  readonly keys: RelayKeys;
  /** Of its own; the objects' storage is in it. */
  readonly folder: string;
  /** Where the API, or what stands in for it, listens on loopback. */
  readonly apiPort: number;
  /** Without it a free one. */
  readonly port?: number;
  /** The Worker; without it the one that `npm run build` made. */
  readonly bundle?: string;
}

type NewEntry = OutboxEntry extends infer Entry ? (Entry extends OutboxEntry ? Omit<Entry, "position"> : never) : never;

/** The shipped relay in a Workers runtime, with the keys of a platform that a bench made. */
export class RelayProcess {
  readonly runtime: WorkerdProcess;
  readonly #positions = new Map<ServerId, number>();

  private constructor(runtime: WorkerdProcess) {
    this.runtime = runtime;
  }

  static async start({ keys, folder, apiPort, port, bundle = builtBundle }: RelayOptions): Promise<RelayProcess> {
    if (!existsSync(bundle)) throw new Error(`${bundle} is missing. Build first: npm run build`);
    const stateDir = join(folder, "state");
    mkdirSync(stateDir, { recursive: true });
    copyFileSync(bundle, join(folder, "worker.js"));
    const ownPort = port ?? (await findFreePort());
    const runtime = await WorkerdProcess.start({
      folder,
      port: ownPort,
      config: relayConfig({ port: ownPort, apiPort, stateDir }),
      environment: {
        PLATFORM_KEYS: JSON.stringify(keys.keys),
        RELAY_PRIVATE_KEY: keys.relay.privateKey,
        RELAY_CERTIFICATE: JSON.stringify(keys.relay.certificate),
        SERVICE_KEY: keys.serviceKey ?? serviceKey,
      },
    });
    return new RelayProcess(runtime);
  }

  /** Hands entries to a server's object with the next positions, as the API's outbox does. */
  async post(serverId: ServerId, entries: readonly NewEntry[]): Promise<void> {
    const before = this.#positions.get(serverId) ?? 0;
    const through = before + entries.length;
    const response = await fetch(new URL(`/api/servers/${serverId}/outbox`, this.runtime.url), {
      method: "POST",
      headers: { authorization: `Bearer ${serviceKey}`, "content-type": "application/json" },
      body: JSON.stringify({ entries: entries.map((entry, index) => ({ ...entry, position: before + index + 1 })) }),
    });
    const answer = (await response.json()) as { through?: number };
    if (answer.through !== through) throw new Error(`the relay stored ${JSON.stringify(answer)} of ${through}`);
    this.#positions.set(serverId, through);
  }
}
