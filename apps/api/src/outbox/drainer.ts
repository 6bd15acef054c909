import { randomUUID } from "node:crypto";
import type { Clock } from "@quarterdeck/core/clock";
import type { ServerId } from "@quarterdeck/core/ids";
import type { Database } from "../db/database.ts";
import type { Log } from "../log.ts";
import { RelayUnavailableError, type RelayLink } from "../relay/relay-link.ts";
import type { Writer } from "../writer.ts";
import { takeClaim, type Claim } from "./claim.ts";
import { listServersWithOutbox, readOutboxAfter, setOutboxThrough } from "./repo.ts";
import { batchLimits } from "./session/cut-batch.ts";
import {
  advanceDrain,
  claimMs,
  isClaimForced,
  newDrainLoop,
  type DrainEffect,
  type DrainEvent,
  type DrainLoop,
} from "./session/drain-loop.ts";
import {
  advanceSending,
  startSending,
  type SendingEffect,
  type SendingEvent,
  type SendingNote,
  type SendingOutcome,
  type ServerSending,
} from "./session/server-sending.ts";

interface DrainerOptions {
  readonly db: Database;
  readonly writer: Writer;
  readonly relay: RelayLink;
  readonly clock: Clock;
  readonly log: Log;
  /** The database is a file: no other process drains it. */
  readonly isAlone: boolean;
}

interface PendingServer {
  readonly serverId: ServerId;
  readonly through: number;
}

const claimName = "outbox";
const serversAtOnce = 8;

/**
 * Sends the outbox of each server to its relay object, in order, until it is stored there. Sending twice is harmless, so a
 * crash at any point only repeats; one process does it at a time all the same, so that order is kept. What is done when is
 * decided in `session/`; here it is carried out.
 */
export class OutboxDrainer {
  readonly #options: DrainerOptions;
  readonly #holder = randomUUID();
  #loop: DrainLoop = newDrainLoop;
  #pending: PendingServer[] = [];
  #wake: () => void = () => {};
  #running: Promise<void> | null = null;

  constructor(options: DrainerOptions) {
    this.#options = options;
  }

  start(): void {
    this.#running ??= this.#run();
  }

  /** Something is to be sent, or the relay may be there again. */
  nudge(): void {
    this.#handle({ type: "nudged" });
  }

  async stop(): Promise<void> {
    this.#handle({ type: "stop" });
    await this.#running;
  }

  #handle(event: DrainEvent): DrainEffect | null {
    const { loop, effect } = advanceDrain(this.#loop, event);
    this.#loop = loop;
    if (effect?.type === "wake") this.#wake();
    return effect;
  }

  async #run(): Promise<void> {
    let effect = this.#handle({ type: "due", nowMs: this.#options.clock.nowMs() });
    while (effect !== null && effect.type !== "end") effect = this.#handle(await this.#carryOut(effect));
  }

  async #carryOut(effect: DrainEffect): Promise<DrainEvent> {
    if (effect.type === "wait") {
      await this.#wait(effect.ms);
      return { type: "due", nowMs: this.#options.clock.nowMs() };
    }
    try {
      return await this.#attempt(effect);
    } catch (error) {
      this.#options.log.error({ err: error }, "sending the outbox failed");
      return { type: "failed" };
    }
  }

  async #attempt(effect: DrainEffect): Promise<DrainEvent> {
    const { db, writer, relay, clock, isAlone } = this.#options;
    switch (effect.type) {
      case "claim": {
        const nowMs = clock.nowMs();
        const isForced = isClaimForced(this.#loop, isAlone);
        const request = { name: claimName, holder: this.#holder, nowMs, durationMs: claimMs, isForced };
        return { type: "claimed", claim: await takeClaim({ db, writer }, request), nowMs };
      }
      case "list":
        this.#pending = await listServersWithOutbox(db);
        return { type: "listed", pending: this.#pending.length, isRelayReachable: relay.isReachable };
      case "probe":
        return { type: "probed", isRelayReachable: await relay.probe() };
      case "send":
        return this.#sendPending(effect.claim);
      case "wake":
      case "wait":
      case "end":
        throw new Error(`${effect.type} is not attempted`);
    }
  }

  async #sendPending(claim: Claim): Promise<DrainEvent> {
    const outcomes = new Set<SendingOutcome>();
    const servers = this.#pending.values();
    const sendNext = async () => {
      for (const server of servers) outcomes.add(await this.#sendAll(server, claim));
    };
    await Promise.all(Array.from({ length: serversAtOnce }, sendNext));
    const isClaimLost = outcomes.has("claimLost");
    return { type: "sent", isComplete: !isClaimLost && !outcomes.has("unfinished"), isClaimLost };
  }

  async #sendAll({ serverId, through }: PendingServer, claim: Claim): Promise<SendingOutcome> {
    let { sending, effect } = startSending(through);
    while (effect.type !== "end") {
      const event: SendingEvent = this.#loop.isStopping
        ? { type: "stop" }
        : await this.#carryOutFor(serverId, effect, claim);
      const step = advanceSending(sending, event);
      if (step.note) this.#tell(step.note, { serverId, sending: step.sending });
      ({ sending, effect } = step);
    }
    return effect.outcome;
  }

  async #carryOutFor(
    serverId: ServerId,
    effect: Exclude<SendingEffect, { type: "end" }>,
    claim: Claim,
  ): Promise<SendingEvent> {
    const { db, writer, relay, log } = this.#options;
    switch (effect.type) {
      case "read": {
        const limit = batchLimits.entries;
        return { type: "read", entries: await readOutboxAfter(db, { serverId, after: effect.after, limit }) };
      }
      case "send":
        try {
          return { type: "stored", through: await relay.sendOutbox(serverId, effect.entries) };
        } catch (error) {
          if (!(error instanceof RelayUnavailableError)) throw error;
          log.warn({ serverId, err: error }, "the relay did not take the outbox; trying again");
          return { type: "relayFailed" };
        }
      case "record": {
        const unit = [setOutboxThrough({ serverId, through: effect.through }, claim)];
        // A crash before it only has entries sent again. Whoever has something to send brings a write along.
        const [outcome] = await (this.#loop.isNudged ? writer.commit(unit) : writer.commitSoon(unit));
        return { type: "recorded", isOurs: outcome?.rowsChanged === 1 };
      }
    }
  }

  #tell(note: SendingNote, { serverId, sending }: { serverId: ServerId; sending: ServerSending }): void {
    const { log } = this.#options;
    const { through } = sending;
    if (note === "refused") log.warn({ serverId, through }, "the relay stored nothing of the outbox; trying again");
    else if (note === "behind")
      log.warn({ serverId, through }, "the relay has less than it acknowledged; sending it again");
    else
      log.error(
        { serverId, through },
        "the relay lost entries of this server that are no longer kept: enrol the server again",
      );
  }

  async #wait(ms: number): Promise<void> {
    if (ms === 0) return;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, ms);
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
    this.#wake = () => {};
  }
}
