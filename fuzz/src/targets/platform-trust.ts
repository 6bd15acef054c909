import { isDeepStrictEqual } from "node:util";
import { advanceKeySet, keyStatementSchema, trustedKeys, type KeySet } from "@quarterdeck/core/protocol/key-set";
import { outboxBatchSchema } from "@quarterdeck/core/protocol/relay-api";
import { generateSigningKey, importSigningKey, signText } from "@quarterdeck/core/protocol/signing";
import { openEntries } from "../../../apps/relay/src/server/outbox-entries.ts";
import type { PlatformTrust } from "../../../apps/relay/src/session/platform-trust.ts";
import { mustHold, type FuzzTarget } from "../fuzz-target.ts";
import { sampleIds } from "../sealed-samples.ts";

const current = await generateSigningKey();
const next = await generateSigningKey();
const revoked = "R".repeat(43);
const known: KeySet = {
  version: 1,
  current: current.publicKey,
  next: next.publicKey,
  previous: null,
  revoked: [revoked],
};
const nextKey = await importSigningKey(next.privateKeyPkcs8);
const currentKey = await importSigningKey(current.privateKeyPkcs8);

function isStatement(body: string): boolean {
  try {
    return keyStatementSchema.safeParse(JSON.parse(body)).success;
  } catch {
    return false;
  }
}

/** What the platform says about its keys, signed by the only key that may. The corpus follows on the keys that are known. */
const keyStatement: FuzzTarget = {
  name: "key-statement",
  grammar: "json",
  shapes: [{ name: "key-statement", isOne: isStatement }],
  async check(body) {
    const advanced = await advanceKeySet(known, [await signText(nextKey, "keyStatement", body)]);
    if (advanced.ok && advanced.value !== known) {
      const { version, revoked: gone } = advanced.value;
      mustHold(version === known.version + 1, "a version was left out");
      mustHold(gone.includes(revoked), "a revoked key was forgotten");
      mustHold(!trustedKeys(advanced.value).includes(revoked), "a revoked key came back");
    }
    const forged = await advanceKeySet(known, [await signText(currentKey, "keyStatement", body)]);
    mustHold(!forged.ok || forged.value === known, "the key that signs commands changed the keys");
  },
};

const certificate = JSON.stringify({ relayKey: "B".repeat(43), expiresAtMs: 1 });
const trust: PlatformTrust = {
  keys: known,
  statements: [],
  relayCertificate: await signText(currentKey, "relayCertificate", certificate),
};

/** What a relay's object gets from the API: nothing in it is signed by a key that counts. */
const outbox: FuzzTarget = {
  name: "outbox",
  grammar: "json",
  async check(text) {
    const batch = outboxBatchSchema.safeParse(parse(text));
    if (!batch.success) return;
    const entries = await openEntries(batch.data.entries, { serverId: sampleIds.serverId, trust });
    mustHold(entries.length <= batch.data.entries.length, "one entry became several");
    for (const entry of entries) {
      if (entry.kind === "command" || entry.kind === "cancel")
        mustHold(entry.problem !== null, `a ${entry.kind} that nobody signed is passed on`);
      else if ("opened" in entry && entry.opened !== null) {
        mustHold(isDeepStrictEqual(entry.opened.keys, known), "who signed nothing changed the keys");
        mustHold(entry.opened.relayCertificate === trust.relayCertificate, "a certificate that nobody signed counts");
      }
    }
  },
};

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export const platformTrustTargets: readonly FuzzTarget[] = [keyStatement, outbox];
