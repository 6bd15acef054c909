import { type Id, type IdKind, makeId, type RunId, type ServerId } from "@quarterdeck/core/ids";
import { toBase64Url } from "@quarterdeck/core/base64";
import { anyNetwork, type Command, type CommandText } from "@quarterdeck/core/protocol/command";
import type { KeySet } from "@quarterdeck/core/protocol/key-set";
import type { Trust } from "@quarterdeck/core/protocol/relay-api";
import {
  generateSigningKey,
  importSigningKey,
  sha256Base64Url,
  signText,
  type SignedText,
} from "@quarterdeck/core/protocol/signing";
import { encodeTicket, type Ticket, type Topic } from "@quarterdeck/core/protocol/ticket";

export function id<K extends IdKind>(kind: K): Id<K> {
  return makeId(kind, Date.now(), crypto.getRandomValues(new Uint8Array(16)));
}

export const serviceKey = "test-service-key-0123456789";
export const orgId = id("org");
export const workspaceId = id("workspace");

interface Key {
  readonly publicKey: string;
  readonly key: CryptoKey;
}

async function makeKey(): Promise<Key> {
  const { publicKey, privateKeyPkcs8 } = await generateSigningKey();
  return { publicKey, key: await importSigningKey(privateKeyPkcs8) };
}

/** A platform with its keys: signs what the API would sign. */
export class Platform {
  /** What the relay is deployed with. */
  readonly keys: KeySet;
  readonly relay: { readonly privateKey: string; readonly publicKey: string; readonly certificate: SignedText };
  readonly #pairs: Key[];
  #set: KeySet;
  #statements: SignedText[] = [];

  private constructor(pairs: Key[], keys: KeySet, relay: Platform["relay"]) {
    this.keys = keys;
    this.#set = keys;
    this.#pairs = pairs;
    this.relay = relay;
  }

  static async make(): Promise<Platform> {
    const [current, next] = await Promise.all([makeKey(), makeKey()]);
    const { publicKey } = current;
    const keys = { version: 1, current: publicKey, next: next.publicKey, previous: null, revoked: [] };
    const relay = await generateSigningKey();
    const certificate = await certify(current.key, relay.publicKey, 1);
    return new Platform([current, next], keys, { ...relay, privateKey: relay.privateKeyPkcs8, certificate });
  }

  /** The key that signs now. */
  get #key(): CryptoKey {
    return this.keyOf(this.#set.current);
  }

  get set(): KeySet {
    return this.#set;
  }

  keyOf(publicKey: string): CryptoKey {
    const pair = this.#pairs.find((other) => other.publicKey === publicKey);
    if (!pair) throw new Error("the platform never had this key");
    return pair.key;
  }

  /** Changes the keys and returns what the API would tell the relay. */
  async change(how: "rotate" | "retire" | "revoke"): Promise<Trust> {
    const before = this.#set;
    const fresh = await makeKey();
    this.#pairs.push(fresh);
    const version = before.version + 1;
    this.#set =
      how === "retire"
        ? { ...before, version, previous: null }
        : {
            version,
            current: before.next,
            next: fresh.publicKey,
            previous: how === "rotate" ? before.current : null,
            revoked: how === "revoke" ? [...before.revoked, before.current] : before.revoked,
          };
    const body = JSON.stringify({ v: 1, ...this.#set });
    this.#statements = [...this.#statements, await signText(this.keyOf(before.next), "keyStatement", body)].slice(-8);
    const relayCertificate = await certify(this.#key, this.relay.publicKey, version);
    return { statements: this.#statements, relayCertificate };
  }

  async command(serverId: ServerId, parts: Partial<Command> = {}): Promise<CommandText & { command: Command }> {
    // What it holds is none of the relay's business; that it stays with its command is.
    const sealed = toBase64Url(crypto.getRandomValues(new Uint8Array(60)));
    const command: Command = {
      v: 1,
      commandId: id("command"),
      runId: id("run"),
      taskId: id("task"),
      orgId,
      workspaceId,
      projectId: null,
      serverId,
      bridgeKeyFingerprint: "SHA256:test",
      action: "exec",
      effect: "once",
      params: { program: "echo", args: ["hello"] },
      demand: { cpu: 500, memory: 1024, runs: 1 },
      limits: { timeoutMs: 60_000, outputBytes: 1_000_000 },
      quota: null,
      network: anyNetwork,
      priority: "normal",
      notBeforeMs: Date.now() - 1000,
      expiresAtMs: Date.now() + 900_000,
      attempt: 1,
      sealedHash: await sha256Base64Url(sealed),
      ...parts,
    };
    return { command, sealed, ...(await signText(this.#key, "command", JSON.stringify(command))) };
  }

  async cancelOf(serverId: ServerId, runId: RunId): Promise<SignedText> {
    const { signed, signature } = await this.command(serverId, {
      action: "task.cancel",
      effect: "idempotent",
      params: { runId },
      demand: { cpu: 0, memory: 0, runs: 0 },
    });
    return { signed, signature };
  }

  async ticket(serverId: ServerId, topics: Topic[], parts: Partial<Ticket> = {}): Promise<string> {
    const ticket: Ticket = {
      ticketId: id("viewer"),
      userId: id("user"),
      orgId,
      serverId,
      topics,
      issuedAtMs: Date.now(),
      expiresAtMs: Date.now() + 60_000,
      connectionExpiresAtMs: Date.now() + 900_000,
      ...parts,
    };
    return encodeTicket(await signText(this.#key, "ticket", JSON.stringify(ticket)));
  }
}

async function certify(key: CryptoKey, relayKey: string, days: number): Promise<SignedText> {
  const expiresAtMs = Date.now() + days * 86_400_000;
  return await signText(key, "relayCertificate", JSON.stringify({ relayKey, expiresAtMs }));
}
