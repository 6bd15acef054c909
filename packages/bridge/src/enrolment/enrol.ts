import { randomBytes } from "node:crypto";
import { hostname } from "node:os";
import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { enrolAnswerSchema, platformIdentitySchema, type EnrolRequest } from "@quarterdeck/core/protocol/enrolment";
import { generateSealingKey } from "@quarterdeck/core/protocol/hpke";
import {
  generateSigningKey,
  importSigningKey,
  keyFingerprint,
  openSigned,
  sha256Base64Url,
  signedTextSchema,
  signText,
} from "@quarterdeck/core/protocol/signing";
import { bridgeSocketUrl, platformUrl } from "../addresses.ts";
import type { DataDirectory } from "../data-directory.ts";
import { hasIdentity, writeIdentity, type Identity } from "../identity.ts";
import { bridgeVersion } from "../version.ts";
import { EnrolmentFailed } from "./enrolment-failed.ts";
import { requestJson } from "./request-json.ts";

export interface EnrolOptions {
  readonly data: DataDirectory;
  readonly url: string;
  readonly token: string;
  /** The platform's fingerprint, as the console shows it. */
  readonly platformKey: string;
  readonly name: string | undefined;
  /** An address that may be used without encryption; for test servers. */
  readonly allowedAddress?: string | undefined;
}

/**
 * Introduces this server to a platform. The platform's key is compared with the fingerprint before anything is sent, and
 * the private keys never leave this machine.
 *
 * @throws EnrolmentFailed with the reason; nothing is written then
 */
export async function enrol(options: EnrolOptions): Promise<Identity> {
  const { data, allowedAddress } = options;
  const base = checkAddress(() => platformUrl(options.url, allowedAddress));
  if (hasIdentity(data))
    throw new EnrolmentFailed(
      "alreadyEnrolled",
      `This server is connected already (${data.identityFile}). Choose another --data directory, or remove that one to connect it anew.`,
    );
  const address = new URL("/enrol", base);
  const { platformKey } = await requestJson(address, { schema: platformIdentitySchema });
  await comparePlatformKey(platformKey, options.platformKey, base);

  const [key, sealingKey] = await Promise.all([generateSigningKey(), generateSealingKey()]);
  const request: EnrolRequest = {
    token: options.token,
    publicKey: key.publicKey,
    sealingKey: sealingKey.publicKey,
    hostname: (options.name ?? hostname()).slice(0, 255),
    bridgeVersion,
    nonce: randomBytes(32).toString("base64url"),
  };
  const signed = await signText(await importSigningKey(key.privateKeyPkcs8), "enrolRequest", JSON.stringify(request));
  const answerText = await requestJson(address, { schema: signedTextSchema, body: signed });
  const answer = await openSigned(answerText, {
    keys: [platformKey],
    domain: "enrolAnswer",
    schema: enrolAnswerSchema,
  });
  if (!answer.ok || answer.value.requestHash !== (await sha256Base64Url(signed.signed)))
    throw new EnrolmentFailed(
      "untrustedAnswer",
      "The platform's answer was not signed with its key. Nothing was changed on this server.",
    );
  const { serverId, orgId, platformKeys, relayUrl } = answer.value;
  checkAddress(() => bridgeSocketUrl(relayUrl, serverId, allowedAddress));
  const pinned = { platformKeys, formerPlatformKeys: [] };
  const addresses = { relayUrl, apiUrl: base.origin, ...(allowedAddress === undefined ? {} : { allowedAddress }) };
  const identity: Identity = { serverId, orgId, ...key, sealingKey, ...pinned, ...addresses };
  writeIdentity(data, identity);
  return identity;
}

async function comparePlatformKey(platformKey: string, wanted: string, base: URL): Promise<void> {
  const fingerprint = await keyFingerprint(platformKey);
  if (fingerprint === wanted) return;
  throw new EnrolmentFailed(
    "wrongFingerprint",
    `${base.origin} has the key ${fingerprint}, but the command says ${wanted.slice(0, 100)}. Nothing was sent. Copy the command again from the console; if it still differs, somebody may be in between.`,
  );
}

function checkAddress<T>(check: () => T): T {
  try {
    return check();
  } catch (error) {
    if (error instanceof QuarterdeckError) throw new EnrolmentFailed("badAddress", error.message, { cause: error });
    throw error;
  }
}
