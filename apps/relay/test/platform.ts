import { type Id, type IdKind, makeId, type RunId, type ServerId } from "@quarterdeck/core/ids";
import { toBase64Url } from "@quarterdeck/core/base64";
import type { Command, CommandText } from "@quarterdeck/core/protocol/command";
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

/** A platform with its keys: signs what the API would sign. */
export class Platform {
  readonly publicKey: string;
  readonly relay: { readonly privateKey: string; readonly publicKey: string; readonly certificate: SignedText };
  readonly #key: CryptoKey;

  private constructor(publicKey: string, key: CryptoKey, relay: Platform["relay"]) {
    this.publicKey = publicKey;
    this.#key = key;
    this.relay = relay;
  }

  static async make(): Promise<Platform> {
    const own = await generateSigningKey();
    const key = await importSigningKey(own.privateKeyPkcs8);
    const relay = await generateSigningKey();
    const body = JSON.stringify({ relayKey: relay.publicKey, expiresAtMs: Date.now() + 86_400_000 });
    const certificate = await signText(key, "relayCertificate", body);
    return new Platform(own.publicKey, key, { ...relay, privateKey: relay.privateKeyPkcs8, certificate });
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
      expiresAtMs: Date.now() + 60_000,
      connectionExpiresAtMs: Date.now() + 900_000,
      ...parts,
    };
    return encodeTicket(await signText(this.#key, "ticket", JSON.stringify(ticket)));
  }
}
