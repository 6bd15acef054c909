import { randomBytes } from "node:crypto";
import * as z from "zod";
import { keyPath, readOrCreate } from "./key-files.ts";
import { PlatformKeys } from "./platform-keys.ts";

const serviceKeySchema = z.strictObject({ serviceKey: z.string().min(32) });
const operatorKeySchema = z.strictObject({ operatorKey: z.string().min(32) });

export interface Keys {
  readonly platform: PlatformKeys;
  /** What the API and its relay prove themselves to each other with. */
  readonly serviceKey: string;
  /** What the operator's commands prove themselves to the API with. No relay has it: it may run at somebody else's. */
  readonly operatorKey: string;
}

/** Reads the platform's keys from its data directory; the first call makes them. */
export async function loadKeys(dataDir: string): Promise<Keys> {
  const platform = await PlatformKeys.open(dataDir);
  const { serviceKey } = await readOrCreate(keyPath(dataDir, "service"), serviceKeySchema, async () => ({
    serviceKey: randomBytes(32).toString("base64url"),
  }));
  const { operatorKey } = await readOrCreate(keyPath(dataDir, "operator"), operatorKeySchema, async () => ({
    operatorKey: randomBytes(32).toString("base64url"),
  }));
  return { platform, serviceKey, operatorKey };
}
