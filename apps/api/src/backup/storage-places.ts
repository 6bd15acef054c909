import * as z from "zod";
import type { Runtime } from "../runtime.ts";

/** Where the running platform keeps its state. */
export const storagePlacesSchema = z.strictObject({
  /** The database's file, or the address of its server without what is secret. */
  database: z.discriminatedUnion("kind", [
    z.strictObject({ kind: z.literal("file"), path: z.string() }),
    z.strictObject({ kind: z.literal("server"), url: z.string() }),
  ]),
  /** The master key comes from the environment, so no key file has it. */
  hasMasterKeyInEnvironment: z.boolean(),
});
export type StoragePlaces = z.infer<typeof storagePlacesSchema>;

export function readStorage({ env }: Pick<Runtime, "env">): StoragePlaces {
  return { database: databasePlace(env.databaseUrl), hasMasterKeyInEnvironment: env.masterKey !== null };
}

export function databasePlace(url: string): StoragePlaces["database"] {
  return url.startsWith("file:") ? { kind: "file", path: url.slice("file:".length) } : { kind: "server", url };
}
