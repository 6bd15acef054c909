import { join } from "node:path";
import { pathToFileURL } from "node:url";
import type { SimRequest, SimResponse } from "../substitutes/response.ts";
import type { RelayObject } from "./relay-object.ts";
import type { ServerSocket } from "./relay-sockets.ts";

// The relay is typed for the Workers runtime, whose types cannot stand beside Node's: what the simulation calls of it is
// declared here.

/** An instance of the relay's `ServerSession`. */
export interface RelayInstance {
  fetch(request: SimRequest): Promise<SimResponse>;
  webSocketMessage(socket: ServerSocket, text: string): Promise<void>;
  webSocketClose(socket: ServerSocket, code: number, reason: string, wasClean: boolean): Promise<void>;
  alarm(): Promise<void>;
  [method: string]: (...args: never[]) => unknown;
}

export interface RelayEnv {
  readonly SERVER_SESSIONS: { idFromName(name: string): string; get(name: string): unknown };
  readonly [binding: string]: unknown;
}

export interface ShippedRelay {
  readonly ServerSession: new (ctx: unknown, env: RelayEnv) => RelayInstance;
  readonly default: { fetch(request: SimRequest, env: RelayEnv): Promise<SimResponse> };
}

/** Imports the relay's Worker. The hooks must be registered. */
export async function loadRelay(): Promise<ShippedRelay> {
  const path = join(import.meta.dirname, "..", "..", "..", "apps", "relay", "src", "worker.ts");
  return (await import(pathToFileURL(path).href)) as ShippedRelay;
}

/** What the Worker gets when it asks for an object: calls go to it over no network. */
export function stubOf(object: RelayObject): unknown {
  return new Proxy(
    {},
    {
      get:
        (_target, method) =>
        (...args: unknown[]) =>
          object.call((instance) => instance[String(method)]?.(...(args as never[]))),
    },
  );
}
