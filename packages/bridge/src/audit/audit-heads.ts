import { judgeHead } from "@quarterdeck/core/audit/judge-head";
import { auditHeadSchema, type AuditHead, type HeldHead, type HeldHeads } from "@quarterdeck/core/protocol/audit-head";
import { openSigned, signText, type SignedText } from "@quarterdeck/core/protocol/signing";
import type { DataDirectory } from "../data-directory.ts";
import type { Identity } from "../identity.ts";
import { errorMessage, type Log } from "../log.ts";
import type { PlatformKeys } from "../verification/platform-keys.ts";
import { readHeldHeads, writeHeldHeads, type ToldHead } from "./held-heads-file.ts";

interface AuditHeadsOptions {
  readonly data: DataDirectory;
  readonly identity: Pick<Identity, "serverId" | "orgId">;
  readonly platformKeys: Pick<PlatformKeys, "trusted">;
  readonly privateKey: CryptoKey;
  readonly log: Log;
  /** Says what is held. What is lost with the connection is said again with the next. */
  readonly send: (heads: HeldHeads) => boolean;
}

/**
 * Keeps watch over the org's audit (PROTOCOL 15): remembers the newest head that the platform signed, refuses one that
 * takes something back, and says what it holds, so that who changes the past has to explain another head.
 */
export class AuditHeads {
  readonly #options: AuditHeadsOptions;
  #newest: ToldHead | null;
  #before: ToldHead | null;
  #inTurn: Promise<void> = Promise.resolve();

  constructor(options: AuditHeadsOptions) {
    this.#options = options;
    const held = readHeldHeads(options.data, options.log);
    const isOurs = held !== null && held.newest.head.orgId === options.identity.orgId;
    this.#newest = isOurs ? held.newest : null;
    this.#before = isOurs ? held.before : null;
  }

  /** The platform, which may have another database than before, hears what is held. */
  connected(): void {
    this.#next(() => this.#say(this.#before));
  }

  /** The platform says how far the audit goes. */
  told(text: SignedText): void {
    this.#next(() => this.#take(text));
  }

  #next(act: () => Promise<void>): void {
    const { log } = this.#options;
    this.#inTurn = this.#inTurn.then(act).catch((error: unknown) => {
      // What is not on the disk is not vouched for. The runs of this server do not depend on it.
      log.error("how far the audit goes could not be kept", { reason: errorMessage(error) });
    });
  }

  async #take(text: SignedText): Promise<void> {
    const { platformKeys, identity, data, log } = this.#options;
    const opened = await openSigned(text, { keys: platformKeys.trusted, domain: "auditHead", schema: auditHeadSchema });
    if (!opened.ok) return log.error("a head of the audit does not count", { code: opened.error.code });
    const told: ToldHead = { head: opened.value, text };
    if (told.head.orgId !== identity.orgId) return log.error("a head of another org's audit does not count");
    const held = this.#newest;
    const verdict = judgeHead(held?.head ?? null, told.head);
    if (verdict === "newer") {
      writeHeldHeads(data, { newest: told, before: held });
      this.#newest = told;
      this.#before = held;
    } else if (verdict !== "same") {
      log.error("the platform takes back what its audit said", {
        holdsSeq: held?.head.seq,
        toldSeq: told.head.seq,
        verdict,
      });
      return this.#say(told);
    }
    return this.#say(this.#before);
  }

  async #say(also: ToldHead | null): Promise<void> {
    const { identity, privateKey, send } = this.#options;
    const holds = this.#newest;
    if (holds === null) return;
    const { serverId, orgId } = identity;
    const body: HeldHead = { v: 1, serverId, orgId, holds: bare(holds.head), also: also && bare(also.head) };
    const held = await signText(privateKey, "heldHead", JSON.stringify(body));
    send({ held, told: also === null ? [holds.text] : [holds.text, also.text] });
  }
}

function bare({ seq, hash }: AuditHead): Pick<AuditHead, "seq" | "hash"> {
  return { seq, hash };
}
