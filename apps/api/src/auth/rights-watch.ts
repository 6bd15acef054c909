import type { OrgId, UserId } from "@quarterdeck/core/ids";
import { limits } from "@quarterdeck/core/protocol/limits";
import { secondMs } from "@quarterdeck/core/units";
import type { Runtime } from "../runtime.ts";
import { takeRight, type LostRight } from "./lost-right.ts";
import { readStandings, type Standing } from "./repo.ts";
import { rightsKey, type RightInUse } from "./rights-in-use.ts";
import { isLowered, losesReading } from "./rights.ts";

const everyMs = 3 * secondMs;

type LossKind = "sessionEnded" | "admission" | "lowered" | "removed";

interface Loss {
  readonly orgId: OrgId;
  readonly userId: UserId;
  /** The widest that the user lost. */
  readonly kind: LossKind;
  /** Something that could be read cannot be read any more. */
  readonly endsReading: boolean;
  readonly rights: readonly RightInUse[];
}

/**
 * Compares the rights in use with the database every few seconds. It finds what nobody said: a session that ran out, rows
 * that the operator changed, and a ticket that was given while its right was being taken away.
 */
export class RightsWatch {
  readonly #runtime: Runtime;
  readonly #timer: NodeJS.Timeout;
  #running = Promise.resolve();

  constructor(runtime: Runtime) {
    this.#runtime = runtime;
    this.#timer = setInterval(() => {
      this.#running = this.#running
        .then(() => this.#compare())
        .catch((error: unknown) => runtime.log.error({ err: error }, "comparing the rights in use failed"));
    }, everyMs);
  }

  async stop(): Promise<void> {
    clearInterval(this.#timer);
    await this.#running;
  }

  async #compare(): Promise<void> {
    const { db, clock, rights } = this.#runtime;
    const used = rights.list(clock.nowMs());
    if (used.length === 0) return;
    const standings = await readStandings(db, used, clock.nowMs());
    for (const loss of findLosses(used, standings)) await this.#end(loss);
  }

  async #end({ orgId, userId, kind, endsReading, rights: lost }: Loss): Promise<void> {
    const { rights, clock } = this.#runtime;
    const isLost = (right: RightInUse) => lost.some((other) => isSame(other, right));
    // Kept until it is in the outbox, so that the next round tries again where writing fails.
    const untilMs = clock.nowMs() + limits.viewerConnectionMs;
    for (const { tokenHash, caller } of lost) rights.ticketGiven({ tokenHash, caller, untilMs });
    rights.closeSockets(isLost, kind === "lowered" || kind === "admission" ? "changed" : "signedOut");
    await takeRight(this.#runtime, { orgId, userId, endsReading, audit: noticed[kind] }, []);
    rights.forgetTickets(isLost);
  }
}

const noticed = {
  sessionEnded: noticedAs("session.end"),
  admission: noticedAs("org.setAccess"),
  lowered: noticedAs("member.setRole"),
  removed: noticedAs("member.remove"),
} as const;

function noticedAs(action: string): LostRight["audit"] {
  return { actor: "platform", address: null, action, detail: "noticed: nobody said so to the platform" };
}

function isSame(a: RightInUse, b: RightInUse): boolean {
  return a.tokenHash === b.tokenHash && rightsKey(a.caller) === rightsKey(b.caller);
}

/** Who has less than what is in use, each user once. */
export function findLosses(used: readonly RightInUse[], standings: readonly Standing[]): Loss[] {
  const losses = new Map<string, Loss>();
  for (const right of used) {
    const { orgId, userId } = right.caller;
    const standing = standings.find((other) => other.tokenHash === right.tokenHash && other.orgId === orgId);
    const kind = lossOf(right, standing);
    if (kind === null) continue;
    const key = `${orgId} ${userId}`;
    const known = losses.get(key);
    const endsReading =
      kind === "removed" || (kind === "lowered" && !!standing?.rights && losesReading(right.caller, standing.rights));
    const isWider = known === undefined || kind === "removed" || known.kind === "sessionEnded";
    losses.set(key, {
      orgId,
      userId,
      kind: isWider ? kind : known.kind,
      endsReading: endsReading || known?.endsReading === true,
      rights: [...(known?.rights ?? []), right],
    });
  }
  return [...losses.values()];
}

function lossOf({ caller }: RightInUse, standing: Standing | undefined): LossKind | null {
  if (!standing?.rights) return "removed";
  if (isLowered(caller, standing.rights)) return "lowered";
  if (standing.access !== JSON.stringify(caller.access)) return "admission"; // Whoever is still let in comes back.
  return standing.hasSession ? null : "sessionEnded";
}
