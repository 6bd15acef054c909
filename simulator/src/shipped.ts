import { loadApi, type ShippedApi } from "./actors/shipped-api.ts";
import { loadBridge, type ShippedBridge } from "./actors/shipped-bridge.ts";
import { loadRelay, type ShippedRelay } from "./actors/shipped-relay.ts";
import { loadConsole, type ShippedConsole } from "./actors/viewer.ts";
import { useShippedSources, type Patch } from "./hooks/shipped-sources.ts";
import { setStore, Store } from "./substitutes/libsql-client.ts";
import { installGlobals } from "./world/globals.ts";

/** Everything that scenarios share: the shipped modules and the database's tables. */
export interface Shipped {
  readonly api: ShippedApi;
  readonly bridge: ShippedBridge;
  readonly relay: ShippedRelay;
  readonly console: ShippedConsole;
  /** The statements that make the API's database, as its migrations do. */
  readonly tables: readonly string[];
}

/** Loads what is shipped, with `patches` made to it. Once in a process: modules stay loaded. */
export async function loadShipped(patches: readonly Patch[]): Promise<Shipped> {
  useShippedSources(patches);
  installGlobals();
  const [api, bridge, relay, console] = await Promise.all([loadApi(), loadBridge(), loadRelay(), loadConsole()]);
  return { api, bridge, relay, console, tables: await readTables(api) };
}

async function readTables(api: ShippedApi): Promise<string[]> {
  const store = new Store();
  setStore("http://migrated", store);
  const database = await api.openDatabase("http://migrated", null);
  await api.migrateDatabase(database, { nowMs: 0 });
  const rows = store.database
    .prepare(
      "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%' ORDER BY type = 'trigger', type DESC",
    )
    .all();
  return rows.map(({ sql }) => String(sql));
}
