import type { ServerId } from "@quarterdeck/core/ids";
import { auditHeadSchema, type AuditHead } from "@quarterdeck/core/protocol/audit-head";
import type { SignedText } from "@quarterdeck/core/protocol/signing";
import { minuteMs } from "@quarterdeck/core/units";
import type { Claim } from "../outbox/claim.ts";
import { RelayUnavailableError } from "../relay/relay-link.ts";
import type { Runtime } from "../runtime.ts";
import { listHeadsToTell, setTold, type OrgHead } from "./chain-repo.ts";
import { chooseWitnesses } from "./choose-witnesses.ts";
import { listPossibleWitnesses } from "./witness-repo.ts";

const everyMs = minuteMs;
const orgsAtOnce = 32;

type TellerRuntime = Pick<Runtime, "db" | "writer" | "clock" | "log" | "relay" | "keys">;

/**
 * Tells bridges how far the audit of their org goes (PROTOCOL 15.2): at most once a minute, and only when something was
 * written since. Nothing of it is queued: what does not arrive is followed by something newer.
 */
export class HeadTeller {
  readonly #runtime: TellerRuntime;
  /** When each server was told last, so that they take turns. It may be forgotten. */
  readonly #toldAtMs = new Map<ServerId, number>();

  constructor(runtime: TellerRuntime) {
    this.#runtime = runtime;
  }

  async isDue(): Promise<boolean> {
    return (await this.#listDue(1)).length > 0;
  }

  async tell(claim: Claim): Promise<void> {
    await Promise.all((await this.#listDue(orgsAtOnce)).map((head) => this.#tellOrg(head, claim)));
  }

  #listDue(limit: number): Promise<OrgHead[]> {
    const { db, clock } = this.#runtime;
    return listHeadsToTell(db, { nowMs: clock.nowMs(), everyMs, limit });
  }

  async #tellOrg(head: OrgHead, claim: Claim): Promise<void> {
    const { db, writer, clock, keys } = this.#runtime;
    const nowMs = clock.nowMs();
    const possible = await listPossibleWitnesses(db, head);
    const chosen = chooseWitnesses(possible, this.#toldAtMs);
    // Before they are told, so that a failure at any point tells them once less instead of again and again.
    const [outcome] = await writer.commit([setTold(head, chosen.length === 0 ? null : nowMs, claim)]);
    if (chosen.length === 0 || outcome?.rowsChanged !== 1) return;
    const body: AuditHead = auditHeadSchema.parse({ v: 1, ...head });
    const text = await keys.platform.sign("auditHead", JSON.stringify(body));
    await Promise.all(
      chosen.map(async (serverId) => {
        this.#toldAtMs.set(serverId, nowMs);
        await this.#tellServer(serverId, text);
      }),
    );
  }

  async #tellServer(serverId: ServerId, text: SignedText): Promise<void> {
    const { relay, log } = this.#runtime;
    try {
      const isTold = await relay.tellAuditHead(serverId, text);
      log.debug({ serverId, isTold }, "a bridge was told how far the audit goes");
    } catch (error) {
      if (!(error instanceof RelayUnavailableError)) throw error;
      log.warn({ serverId, err: error }, "a bridge could not be told how far the audit goes");
    }
  }
}
