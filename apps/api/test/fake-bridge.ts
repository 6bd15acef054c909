import { sealedOverheadBytes } from "@quarterdeck/core/protocol/content-format";
import { generateSealingKey, type StoredSealingKey } from "@quarterdeck/core/protocol/hpke";
import type { ServerId } from "@quarterdeck/core/ids";
import { auditHeadSchema, type AuditHead, type HeldHead, type HeldHeads } from "@quarterdeck/core/protocol/audit-head";
import type { Command } from "@quarterdeck/core/protocol/command";
import type { EnrolRequest } from "@quarterdeck/core/protocol/enrolment";
import { enrolAnswerSchema, platformIdentitySchema, type EnrolAnswer } from "@quarterdeck/core/protocol/enrolment";
import type { Capabilities } from "@quarterdeck/core/protocol/capabilities";
import type { EvidenceReport } from "@quarterdeck/core/protocol/limit-evidence";
import type { CommandConflict, RunFinished } from "@quarterdeck/core/protocol/result";
import {
  generateSigningKey,
  importSigningKey,
  openSigned,
  signText,
  type SignatureDomain,
  type SignedText,
} from "@quarterdeck/core/protocol/signing";

export const capabilities: Capabilities = {
  bridgeVersion: "0.1.0",
  actions: [
    "workspace.create",
    "project.clone",
    "git.status",
    "git.log",
    "git.pull",
    "files.list",
    "exec",
    "task.cancel",
    "task.log",
  ],
  features: ["sealedInput"],
  programs: ["echo", "npm"],
  driver: "process",
  isolation: "hidden",
  capacity: { cpu: 2000, memory: 1024 ** 3, runs: 4 },
  host: { hostname: "box", os: "Debian 12", arch: "x64", kernel: "6.1" },
};

/** In the shape of a sealed tail; the API keeps it without looking into it. */
export const sealedTail = Buffer.alloc(sealedOverheadBytes + 3).toString("base64");

/** What a bridge does towards the API: it has a key, enrols with it, and signs results. */
export class FakeBridge {
  readonly publicKey: string;
  readonly sealingKey: StoredSealingKey;
  readonly #key: CryptoKey;

  private constructor(publicKey: string, sealingKey: StoredSealingKey, key: CryptoKey) {
    this.publicKey = publicKey;
    this.sealingKey = sealingKey;
    this.#key = key;
  }

  static async create(): Promise<FakeBridge> {
    const { publicKey, privateKeyPkcs8 } = await generateSigningKey();
    return new FakeBridge(publicKey, await generateSealingKey(), await importSigningKey(privateKeyPkcs8));
  }

  async enrolRequest(token: string, change: Partial<EnrolRequest> = {}): Promise<SignedText> {
    const request: EnrolRequest = {
      token,
      publicKey: this.publicKey,
      sealingKey: this.sealingKey.publicKey,
      hostname: "box",
      bridgeVersion: "0.1.0",
      nonce: "n",
      ...change,
    };
    return signText(this.#key, "enrolRequest", JSON.stringify(request));
  }

  /** Enrols at an API and checks its answer as a bridge does. */
  async enrol(origin: string, token: string): Promise<EnrolAnswer> {
    const { platformKey } = platformIdentitySchema.parse(await (await fetch(`${origin}/enrol`)).json());
    const response = await fetch(`${origin}/enrol`, {
      method: "POST",
      body: JSON.stringify(await this.enrolRequest(token)),
    });
    if (!response.ok) throw new Error(await response.text());
    const opened = await openSigned((await response.json()) as SignedText, {
      keys: [platformKey],
      domain: "enrolAnswer",
      schema: enrolAnswerSchema,
    });
    if (!opened.ok) throw new Error(opened.error.message);
    return opened.value;
  }

  /** The signed result of a command. */
  async finish(command: Command, change: Partial<RunFinished> = {}): Promise<SignedText> {
    const result: RunFinished = {
      ...identityOf(command),
      kind: "finished",
      verdict: "succeeded",
      exitCode: 0,
      signal: null,
      startedAtMs: 1000,
      finishedAtMs: 2000,
      durationMs: 1000,
      outputBytes: 3,
      outputCutBytes: 0,
      tail: sealedTail,
      code: null,
      message: null,
      quote: null,
      repository: null,
      ...change,
    };
    return signText(this.#key, "result", JSON.stringify(result));
  }

  /** What it says of the heads that it was told, the one that it holds first. */
  async holds(serverId: ServerId, told: readonly SignedText[], change: Partial<HeldHead> = {}): Promise<HeldHeads> {
    const [holds, also] = told.map(({ signed }) => auditHeadSchema.parse(JSON.parse(signed)));
    if (holds === undefined) throw new Error("it was told nothing");
    const body: HeldHead = {
      v: 1,
      serverId,
      orgId: holds.orgId,
      holds: bare(holds),
      also: also ? bare(also) : null,
      ...change,
    };
    return { held: await signText(this.#key, "heldHead", JSON.stringify(body)), told: [...told] };
  }

  /** What it says of the limits on its machine. */
  async evidence(
    body: Pick<EvidenceReport, "serverId" | "orgId" | "saidAtMs" | "items"> & Partial<EvidenceReport>,
    domain: SignatureDomain = "limitEvidence",
  ): Promise<SignedText> {
    const report: EvidenceReport = { v: 1, driver: "systemd", limited: ["cpu"], ...body };
    return signText(this.#key, domain, JSON.stringify(report));
  }

  async start(command: Command): Promise<SignedText> {
    return signText(
      this.#key,
      "result",
      JSON.stringify({ ...identityOf(command), kind: "started", startedAtMs: 1000 }),
    );
  }

  /** The signed word that a command was refused, because its id or its run's was known. */
  async conflict(command: Command, known: CommandConflict["known"]): Promise<SignedText> {
    const conflict: CommandConflict = { ...identityOf(command), kind: "conflict", known, atMs: 1000 };
    return signText(this.#key, "result", JSON.stringify(conflict));
  }
}

function bare({ seq, hash }: AuditHead) {
  return { seq, hash };
}

function identityOf({ serverId, commandId, runId, taskId, attempt }: Command) {
  return { v: 1 as const, serverId, commandId, runId, taskId, attempt };
}
