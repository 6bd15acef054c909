import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { UserId } from "@quarterdeck/core/ids";
import type {
  AuthenticationResponseJSON,
  PublicKeyCredentialCreationOptionsJSON,
  PublicKeyCredentialRequestOptionsJSON,
  RegistrationResponseJSON,
} from "@simplewebauthn/server";
import type { Runtime } from "../runtime.ts";
import { keepChallenge, takeChallenge, type Ceremony } from "./passkey-challenges.ts";

/** It brings certificates' parsers along, which a start should not wait for. */
const load = () => import("@simplewebauthn/server");

/** What the browser's own call takes; the platform asks for no extension that somebody must read. */
export type PasskeyCreation = Omit<PublicKeyCredentialCreationOptionsJSON, "extensions">;
export type PasskeyRequest = Omit<PublicKeyCredentialRequestOptionsJSON, "extensions">;

/** EdDSA, ES256, RS256 (IANA COSE): what authenticators have. */
const algorithms = [-8, -7, -257];

/** A credential as it is stored. */
export interface StoredCredential {
  readonly credentialId: string;
  readonly publicKey: string;
  readonly counter: number;
  readonly transports: readonly string[];
}

/** Whose passkey it is to be, in the words of the authenticator. */
interface NewPasskey {
  readonly ceremony: Ceremony & { readonly userId: UserId };
  readonly email: string;
  readonly existing: readonly StoredCredential[];
}

/** What the browser is asked for a new passkey: one that is found without a name, and unlocked by its user. */
export async function registrationOptions(
  runtime: Runtime,
  { ceremony, email, existing }: NewPasskey,
): Promise<PasskeyCreation> {
  const { generateRegistrationOptions } = await load();
  const options = await generateRegistrationOptions({
    rpName: "Quarterdeck",
    rpID: relyingParty(runtime).id,
    userID: new TextEncoder().encode(ceremony.userId),
    userName: email,
    userDisplayName: email,
    excludeCredentials: existing.map(toDescriptor),
    supportedAlgorithmIDs: algorithms,
    authenticatorSelection: { residentKey: "required", userVerification: "required" },
  });
  await keepChallenge(runtime, ceremony, options.challenge);
  return options;
}

/** @throws QuarterdeckError PASSKEY_REFUSED */
export async function verifyRegistration(
  runtime: Runtime,
  ceremony: Ceremony,
  response: RegistrationResponseJSON,
): Promise<StoredCredential> {
  const { verifyRegistrationResponse } = await load();
  const { id, origin } = relyingParty(runtime);
  const verified = await verifyRegistrationResponse({
    response,
    expectedChallenge: (challenge) => takeChallenge(runtime, ceremony, challenge),
    expectedOrigin: origin,
    expectedRPID: id,
    requireUserVerification: true,
    supportedAlgorithmIDs: algorithms,
  }).catch((cause: unknown) => {
    throw refused("The new passkey could not be taken. Try again.", cause);
  });
  if (!verified.verified) throw refused("The new passkey could not be taken. Try again.");
  const { credential } = verified.registrationInfo;
  return {
    credentialId: credential.id,
    publicKey: Buffer.from(credential.publicKey).toString("base64url"),
    counter: credential.counter,
    transports: credential.transports ?? [],
  };
}

/** What the browser is asked for a passkey that there is; without `allowed` whichever the person chooses. */
export async function authenticationOptions(
  runtime: Runtime,
  ceremony: Ceremony,
  allowed: readonly StoredCredential[],
): Promise<PasskeyRequest> {
  const { generateAuthenticationOptions } = await load();
  const options = await generateAuthenticationOptions({
    rpID: relyingParty(runtime).id,
    allowCredentials: allowed.map(toDescriptor),
    userVerification: verification(ceremony),
  });
  await keepChallenge(runtime, ceremony, options.challenge);
  return options;
}

/**
 * @returns what the authenticator's counter says now
 * @throws QuarterdeckError PASSKEY_REFUSED, also where the counter did not rise: then there are two of this authenticator
 */
export async function verifyAuthentication(
  runtime: Runtime,
  { ceremony, response }: { ceremony: Ceremony; response: AuthenticationResponseJSON },
  { credentialId, publicKey, counter }: StoredCredential,
): Promise<number> {
  const { verifyAuthenticationResponse } = await load();
  const { id, origin } = relyingParty(runtime);
  const { verified, authenticationInfo } = await verifyAuthenticationResponse({
    response,
    expectedChallenge: (challenge) => takeChallenge(runtime, ceremony, challenge),
    expectedOrigin: origin,
    expectedRPID: id,
    credential: { id: credentialId, publicKey: new Uint8Array(Buffer.from(publicKey, "base64url")), counter },
    requireUserVerification: verification(ceremony) === "required",
  }).catch((cause: unknown) => {
    throw passkeyRefused(cause);
  });
  if (!verified) throw passkeyRefused();
  return authenticationInfo.newCounter;
}

export function passkeyRefused(cause?: unknown): QuarterdeckError {
  return refused("This passkey was not accepted. Try again, or sign in another way.", cause);
}

function refused(message: string, cause?: unknown): QuarterdeckError {
  return new QuarterdeckError("PASSKEY_REFUSED", message, { cause });
}

/** After a password the passkey is the second factor; alone it must be unlocked, which makes it two. */
function verification({ kind }: Ceremony): "preferred" | "required" {
  return kind === "secondFactor" ? "preferred" : "required";
}

/** Passkeys belong to a name: that of the public address. An address of numbers has none, so on loopback it is `localhost`. */
function relyingParty({ address }: Pick<Runtime, "address">): { id: string; origin: string } {
  const { origin } = address;
  return { id: new URL(origin).hostname, origin };
}

function toDescriptor({ credentialId, transports }: StoredCredential) {
  return { id: credentialId, transports: [...transports] };
}
