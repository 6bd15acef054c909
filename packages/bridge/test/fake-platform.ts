import { randomBytes } from "node:crypto";
import { actions, worksOnBridge, type ActionName } from "@quarterdeck/core/actions/catalogue";
import type { SecretInput } from "@quarterdeck/core/actions/secret-input";
import {
  makeId,
  type CommandId,
  type OrgId,
  type ProjectId,
  type RunId,
  type ServerId,
  type TaskId,
  type WorkspaceId,
} from "@quarterdeck/core/ids";
import { anyNetwork, type Command, type CommandText } from "@quarterdeck/core/protocol/command";
import type { ContentPlace } from "@quarterdeck/core/protocol/content-format";
import { deriveContentKey, openContent } from "@quarterdeck/core/protocol/content-sealing";
import { enrolRequestSchema, type EnrolAnswer } from "@quarterdeck/core/protocol/enrolment";
import type { KeySet } from "@quarterdeck/core/protocol/key-set";
import { commitAboutSchema, type RunFinished, type RunStarted } from "@quarterdeck/core/protocol/result";
import type { StreamKey } from "@quarterdeck/core/protocol/run-key";
import { joinSealedPart, sealSecretInput, sealStreamKey } from "@quarterdeck/core/protocol/sealed-part";
import {
  generateSigningKey,
  importSigningKey,
  keyFingerprint,
  openSigned,
  sha256Base64Url,
  signText,
  type SignedText,
} from "@quarterdeck/core/protocol/signing";

export function newId<K extends Parameters<typeof makeId>[0]>(kind: K) {
  return makeId(kind, Date.now(), randomBytes(16));
}

export interface Key {
  readonly publicKey: string;
  readonly privateKey: CryptoKey;
}

export async function newKey(): Promise<Key> {
  const { publicKey, privateKeyPkcs8 } = await generateSigningKey();
  return { publicKey, privateKey: await importSigningKey(privateKeyPkcs8) };
}

/** What a test wants a command to be like; the rest is as the platform would make it. */
export interface CommandWish {
  readonly action: ActionName;
  readonly params?: Record<string, unknown>;
  readonly projectId?: ProjectId | null;
  readonly overrides?: Record<string, unknown>;
  readonly key?: CryptoKey;
  readonly secretInput?: SecretInput;
}

/** A result as somebody sees it who may read its content: tail (base64), quote (text) and commit are opened. */
export type OpenedResult = RunStarted | RunFinished;

/** The platform behind a relay, as a bridge knows it: its keys and ids, enrolment, what it signs and who may read. */
export class FakePlatform {
  readonly token = "qd_enrol_test";
  /** Set to refuse every token. */
  tokenError: string | undefined;
  readonly orgId = newId("org") as OrgId;
  readonly serverId = newId("server") as ServerId;
  readonly workspaceId = newId("workspace") as WorkspaceId;
  /** The keys of the platform; the current one signs. */
  current: Key;
  next: Key;
  keys: KeySet;
  /** What it said about its keys, oldest first. */
  readonly statements: SignedText[] = [];
  /** The keys of the bridge that enrolled: for its signatures, and for parts that are sealed for it. */
  bridgeKey = "";
  sealingKey = "";
  /** What content is sealed with. */
  streamKey: StreamKey = { epoch: 1, key: randomBytes(32).toString("base64url") };

  private constructor(current: Key, next: Key) {
    this.current = current;
    this.next = next;
    this.keys = { version: 1, current: current.publicKey, next: next.publicKey, previous: null, revoked: [] };
  }

  static async create(): Promise<FakePlatform> {
    return new FakePlatform(await newKey(), await newKey());
  }

  fingerprint(): Promise<string> {
    return keyFingerprint(this.current.publicKey);
  }

  /** Answers a request to enrol: with an HTTP status and a body. */
  async enrol({ signed, signature }: SignedText, relayUrl: string): Promise<[number, unknown]> {
    const request = enrolRequestSchema.parse(JSON.parse(signed));
    if (this.tokenError ?? (request.token === this.token ? undefined : "TOKEN_INVALID"))
      return [401, { code: this.tokenError ?? "TOKEN_INVALID", message: "no" }];
    const checked = await openSigned(
      { signed, signature },
      { keys: [request.publicKey], domain: "enrolRequest", schema: enrolRequestSchema },
    );
    if (!checked.ok) return [400, checked.error];
    this.bridgeKey = request.publicKey;
    this.sealingKey = request.sealingKey;
    const answer: EnrolAnswer = {
      requestHash: await sha256Base64Url(signed),
      serverId: this.serverId,
      orgId: this.orgId,
      platformKeys: this.keys,
      relayUrl,
    };
    return [200, await signText(this.current.privateKey, "enrolAnswer", JSON.stringify(answer))];
  }

  /** The next key takes over; the current one is still obeyed, or revoked. Returns the statement. */
  async changeKeys(how: "rotate" | "revoke"): Promise<SignedText> {
    const [before, signer, fresh] = [this.keys, this.next, await newKey()];
    this.keys = {
      version: before.version + 1,
      current: before.next,
      next: fresh.publicKey,
      previous: how === "rotate" ? before.current : null,
      revoked: how === "revoke" ? [...before.revoked, before.current] : before.revoked,
    };
    this.current = signer;
    this.next = fresh;
    const text = await signText(signer.privateKey, "keyStatement", JSON.stringify({ v: 1, ...this.keys }));
    this.statements.push(text);
    return text;
  }

  async makeCommand({
    action,
    params = {},
    projectId = null,
    overrides = {},
    key,
    secretInput,
  }: CommandWish): Promise<{ command: Command; text: CommandText }> {
    const definition = actions[action];
    const ids = {
      commandId: newId("command") as CommandId,
      runId: newId("run") as RunId,
      workspaceId: this.workspaceId,
      projectId,
      serverId: this.serverId,
      attempt: 1,
    };
    const sealed = worksOnBridge(action)
      ? null
      : joinSealedPart({
          streamKey: await sealStreamKey(this.streamKey, this.sealingKey, ids),
          secretInput: secretInput ? await sealSecretInput(secretInput, this.sealingKey, ids) : null,
        });
    const command = {
      v: 1,
      ...ids,
      taskId: newId("task") as TaskId,
      orgId: this.orgId,
      bridgeKeyFingerprint: await keyFingerprint(this.bridgeKey),
      action,
      effect: definition.effect,
      params,
      demand: definition.demand,
      limits: { timeoutMs: definition.timeoutMs, outputBytes: 64 * 1024 * 1024 },
      quota: null,
      network: anyNetwork,
      priority: "normal",
      notBeforeMs: Date.now(),
      expiresAtMs: Date.now() + 900_000,
      sealedHash: sealed === null ? null : await sha256Base64Url(sealed),
      ...overrides,
    } as Command;
    const signed = await signText(key ?? this.current.privateKey, "command", JSON.stringify(command));
    return { command, text: { ...signed, sealed } };
  }

  /** What a viewer does with sealed content, with the key of its run. */
  async open(sealed: string, runId: RunId, place: ContentPlace): Promise<Buffer> {
    const opened = await openContent(sealed, { runId, place }, [await deriveContentKey(this.streamKey, runId)]);
    if (!opened.ok) throw new Error(opened.error.message);
    return Buffer.from(opened.value);
  }

  /** The same with all that is sealed in a result. */
  async openResult(result: RunStarted | RunFinished): Promise<OpenedResult> {
    if (result.kind === "started") return result;
    const { runId, tail, quote, repository } = result;
    const head = repository?.head ?? null;
    const about = head && (await this.open(head.about, runId, { kind: "commit" })).toString();
    const opened = about === null ? {} : { head: { ...head, ...commitAboutSchema.parse(JSON.parse(about)) } };
    return {
      ...result,
      repository: repository && ({ ...repository, ...opened } as typeof repository),
      tail: tail && (await this.open(tail, runId, { kind: "tail" })).toString("base64"),
      quote: quote && (await this.open(quote, runId, { kind: "quote" })).toString(),
    };
  }
}

export function tailText(result: RunFinished): string {
  return Buffer.from(result.tail ?? "", "base64").toString("utf8");
}
