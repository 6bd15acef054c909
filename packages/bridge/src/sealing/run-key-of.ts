import { hkdfSync } from "node:crypto";
import { runKeyBytes, type RunKey, type StreamKey } from "@quarterdeck/core/protocol/run-key";

/** What `deriveRunKey` of core derives, made without waiting. */
export function runKeyOf({ epoch, key }: StreamKey, info: string): RunKey {
  const derived = hkdfSync("sha256", Buffer.from(key, "base64url"), "", info, runKeyBytes);
  return { epoch, key: Buffer.from(derived).toString("base64url") };
}
