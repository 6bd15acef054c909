import { createHash, createSign, generateKeyPairSync, randomBytes, type KeyObject } from "node:crypto";
import type { AuthenticationResponseJSON, RegistrationResponseJSON } from "@simplewebauthn/server";
import { isoCBOR } from "@simplewebauthn/server/helpers";
import type { PasskeyCreation, PasskeyRequest } from "../src/auth/webauthn.ts";

const flags = { userPresent: 0x01, userVerified: 0x04, hasCredential: 0x40 } as const;
const es256 = -7;

/** An authenticator in software, with one passkey: what a browser and a security key answer together (WebAuthn 3). */
export class SoftAuthenticator {
  readonly #origin: string;
  readonly #credentialId = randomBytes(16);
  readonly #keys: { publicKey: KeyObject; privateKey: KeyObject } = generateKeyPairSync("ec", { namedCurve: "P-256" });
  #userHandle = "";
  counter = 0;
  /** Whether its user unlocks it. */
  isUnlocked = true;

  constructor(origin: string) {
    this.#origin = origin;
  }

  create(options: PasskeyCreation): RegistrationResponseJSON {
    this.#userHandle = options.user.id;
    const { x = "", y = "" } = this.#keys.publicKey.export({ format: "jwk" });
    const bytes = (text: string) => new Uint8Array(Buffer.from(text, "base64url"));
    const coseKey = new Map<number, number | Uint8Array>([
      [1, 2],
      [3, es256],
      [-1, 1],
      [-2, bytes(x)],
      [-3, bytes(y)],
    ]);
    const credential = Buffer.concat([
      Buffer.alloc(16),
      Buffer.from([0, this.#credentialId.length]),
      this.#credentialId,
      isoCBOR.encode(coseKey as never),
    ]);
    const authData = Buffer.concat([this.#authData(options.rp.id ?? "", flags.hasCredential), credential]);
    const attestation = new Map<string, unknown>([
      ["fmt", "none"],
      ["attStmt", new Map()],
      ["authData", new Uint8Array(authData)],
    ]);
    return {
      ...this.#ids(),
      response: {
        clientDataJSON: this.#clientData("webauthn.create", options.challenge).toString("base64url"),
        attestationObject: Buffer.from(isoCBOR.encode(attestation as never)).toString("base64url"),
        transports: ["internal"],
      },
    };
  }

  get({ rpId = "", challenge }: PasskeyRequest): AuthenticationResponseJSON {
    this.counter += 1;
    const authData = this.#authData(rpId, 0);
    const clientData = this.#clientData("webauthn.get", challenge);
    const signer = createSign("sha256");
    signer.update(authData).update(createHash("sha256").update(clientData).digest());
    return {
      ...this.#ids(),
      response: {
        clientDataJSON: clientData.toString("base64url"),
        authenticatorData: authData.toString("base64url"),
        signature: signer.sign(this.#keys.privateKey).toString("base64url"),
        userHandle: this.#userHandle,
      },
    };
  }

  #ids() {
    const id = this.#credentialId.toString("base64url");
    return { id, rawId: id, type: "public-key", clientExtensionResults: {} } as const;
  }

  #authData(rpId: string, more: number): Buffer {
    const counter = Buffer.alloc(4);
    counter.writeUInt32BE(this.counter);
    const unlocked = this.isUnlocked ? flags.userVerified : 0;
    const rpIdHash = createHash("sha256").update(rpId).digest();
    return Buffer.concat([rpIdHash, Buffer.from([flags.userPresent | unlocked | more]), counter]);
  }

  #clientData(type: string, challenge: string): Buffer {
    return Buffer.from(JSON.stringify({ type, challenge, origin: this.#origin, crossOrigin: false }));
  }
}
