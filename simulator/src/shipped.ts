import { loadApi, type ShippedApi } from "./actors/shipped-api.ts";
import { loadBridge, type ShippedBridge } from "./actors/shipped-bridge.ts";
import { loadRelay, type ShippedRelay } from "./actors/shipped-relay.ts";
import { loadConsole, type ShippedConsole } from "./actors/viewer.ts";
import type { Patch } from "./hooks/patch.ts";
import { useShippedSources } from "./hooks/shipped-sources.ts";
import { setStore, Store } from "./substitutes/libsql-client.ts";
import { installGlobals } from "./world/globals.ts";

/** Everything that scenarios share: the shipped modules and the database. */
export interface Shipped {
  readonly api: ShippedApi;
  readonly bridge: ShippedBridge;
  readonly relay: ShippedRelay;
  readonly console: ShippedConsole;
  /** The API's database, as its migrations make it. A scenario rewinds it first. */
  readonly store: Store;
}

/** Loads what is shipped, with `patches` made to it. Once in a process: modules stay loaded. */
export async function loadShipped(patches: readonly Patch[]): Promise<Shipped> {
  useShippedSources(patches);
  installGlobals();
  const [api, bridge, relay, console] = await Promise.all([loadApi(), loadBridge(), loadRelay(), loadConsole()]);
  return { api, bridge, relay, console, store: await makeStore(api) };
}

async function makeStore(api: ShippedApi): Promise<Store> {
  const store = new Store();
  setStore("http://migrated", store);
  const database = await api.openDatabase("http://migrated", null);
  await api.migrateDatabase(database, { nowMs: 0 });
  return store;
}
