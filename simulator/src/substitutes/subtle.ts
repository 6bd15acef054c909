import {
  createCipheriv,
  createDecipheriv,
  createHash,
  createPrivateKey,
  createPublicKey,
  createSecretKey,
  generateKeyPairSync,
  hash,
  hkdfSync,
  sign,
  timingSafeEqual,
  verify,
  type KeyObject,
} from "node:crypto";

const publicPrefix = Buffer.from("302a300506032b6570032100", "hex");

const tagBytes = 16;

interface Aes {
  readonly iv: ArrayBufferView;
  readonly additionalData: ArrayBufferView;
}

interface Key {
  readonly type: "private" | "public" | "secret";
  readonly object: KeyObject;
  /** Tells it from others. */
  readonly name: string;
}

const imported = new Map<string, Key>();
/** The same text is verified by several parts; the answer is the same. What was signed here verifies. */
const verdicts = new Map<string, boolean>();
const publicNames = new Map<Key, string>();
const remembered = 20_000;

function view(data: ArrayBuffer | ArrayBufferView): Buffer {
  return ArrayBuffer.isView(data) ? Buffer.from(data.buffer, data.byteOffset, data.byteLength) : Buffer.from(data);
}

function toArrayBuffer(bytes: Buffer): ArrayBuffer {
  return new Uint8Array(bytes).buffer;
}

function rawPublic(key: KeyObject): Buffer {
  return key.export({ format: "der", type: "spki" }).subarray(publicPrefix.length);
}

function verdictName(publicName: string, signature: Buffer, text: Buffer): string {
  return hash("sha256", Buffer.concat([Buffer.from(publicName), signature, text]), "base64");
}

function remember<K, V>(map: Map<K, V>, key: K, make: () => V): V {
  const known = map.get(key);
  if (known !== undefined) return known;
  if (map.size >= remembered) map.clear();
  const value = make();
  map.set(key, value);
  return value;
}

/**
 * WebCrypto with the same algorithms, done at once instead of on a thread: the order in which threads finish would make a
 * scenario differ from its replay.
 */
export function createSubtle() {
  return {
    async importKey(format: string, data: ArrayBufferView, algorithm: string): Promise<Key> {
      const bytes = view(data);
      if (algorithm !== "Ed25519") return { type: "secret", object: createSecretKey(bytes), name: "" };
      return remember(imported, `${format}:${bytes.toString("base64")}`, () =>
        format === "raw"
          ? {
              type: "public",
              name: bytes.toString("base64"),
              object: createPublicKey({ key: Buffer.concat([publicPrefix, bytes]), format: "der", type: "spki" }),
            }
          : { type: "private", name: "", object: createPrivateKey({ key: bytes, format: "der", type: "pkcs8" }) },
      );
    },
    async exportKey(format: string, key: Key): Promise<ArrayBuffer> {
      if (format === "raw") {
        return toArrayBuffer(rawPublic(key.object));
      }
      return toArrayBuffer(key.object.export({ format: "der", type: "pkcs8" }));
    },
    async generateKey(): Promise<{ publicKey: Key; privateKey: Key }> {
      const pair = generateKeyPairSync("ed25519");
      return {
        publicKey: { type: "public", name: "", object: pair.publicKey },
        privateKey: { type: "private", name: "", object: pair.privateKey },
      };
    },
    async sign(_algorithm: string, key: Key, data: ArrayBufferView): Promise<ArrayBuffer> {
      const signature = sign(null, view(data), key.object);
      const publicName = remember(publicNames, key, () => rawPublic(createPublicKey(key.object)).toString("base64"));
      remember(verdicts, verdictName(publicName, signature, view(data)), () => true);
      return toArrayBuffer(signature);
    },
    async verify(_algorithm: string, key: Key, signature: ArrayBufferView, data: ArrayBufferView): Promise<boolean> {
      const [bytes, text] = [view(signature), view(data)];
      return remember(verdicts, verdictName(key.name, bytes, text), () => verify(null, text, key.object, bytes));
    },
    async deriveBits(
      { salt, info }: { salt: ArrayBufferView; info: ArrayBufferView },
      key: Key,
      bits: number,
    ): Promise<ArrayBuffer> {
      return hkdfSync("sha256", key.object, view(salt), view(info), bits / 8);
    },
    async encrypt({ iv, additionalData }: Aes, key: Key, data: ArrayBufferView): Promise<ArrayBuffer> {
      const cipher = createCipheriv("aes-256-gcm", key.object, view(iv));
      cipher.setAAD(view(additionalData));
      return toArrayBuffer(Buffer.concat([cipher.update(view(data)), cipher.final(), cipher.getAuthTag()]));
    },
    async decrypt({ iv, additionalData }: Aes, key: Key, data: ArrayBufferView): Promise<ArrayBuffer> {
      const bytes = view(data);
      const cipher = createDecipheriv("aes-256-gcm", key.object, view(iv));
      cipher.setAAD(view(additionalData));
      cipher.setAuthTag(bytes.subarray(-tagBytes));
      return toArrayBuffer(Buffer.concat([cipher.update(bytes.subarray(0, -tagBytes)), cipher.final()]));
    },
    async digest(_algorithm: string, data: ArrayBufferView): Promise<ArrayBuffer> {
      return toArrayBuffer(createHash("sha256").update(view(data)).digest());
    },
    timingSafeEqual(a: ArrayBuffer, b: ArrayBuffer): boolean {
      return a.byteLength === b.byteLength && timingSafeEqual(view(a), view(b));
    },
  };
}
