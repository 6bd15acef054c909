import { createHmac } from "node:crypto";

/**
 * What only who has the operator's key can say to a nonce. It tells the platform from whoever has got its port after it, before
 * that is sent the key.
 */
export function internalProof(operatorKey: string, nonce: string): string {
  return createHmac("sha256", operatorKey).update(`quarterdeck/internal-proof/v1\0${nonce}`).digest("base64url");
}
