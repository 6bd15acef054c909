import type { ServerId } from "@quarterdeck/core/ids";
import type { Settings } from "../env.ts";
import { newestTrust, type PlatformTrust } from "../session/platform-trust.ts";
import { readTrust } from "../storage/platform-trust.ts";
import {
  forgetServer,
  gatherServerChanges,
  readServer,
  updateServer,
  type ServerRecord,
} from "../storage/server-record.ts";
import type { Sql } from "../storage/sql.ts";
import { RunDesk } from "./run-desk.ts";

/** The object's storage and what is cached of it. A transaction that fails leaves neither changed. */
export class ObjectState {
  readonly ctx: DurableObjectState;
  readonly settings: Settings;
  readonly sql: Sql;
  #desk: RunDesk | undefined;
  #trust: PlatformTrust | undefined;

  constructor(ctx: DurableObjectState, settings: Settings) {
    this.ctx = ctx;
    this.settings = settings;
    this.sql = ctx.storage.sql;
  }

  get desk(): RunDesk {
    this.#desk ??= new RunDesk(this.sql);
    return this.#desk;
  }

  server(): ServerRecord {
    return readServer(this.sql);
  }

  /** Whose signatures count, and what vouches for this relay. */
  get trust(): PlatformTrust {
    this.#trust ??= newestTrust(this.settings, readTrust(this.sql));
    return this.#trust;
  }

  /** Whose object this is; the first request says it. */
  setServerId(serverId: ServerId): void {
    const known = this.server().serverId;
    if (known === null) updateServer(this.sql, { serverId });
    else if (known !== serverId) throw new Error(`this object is ${known}'s, not ${serverId}'s`);
  }

  serverId(): ServerId {
    const { serverId } = this.server();
    if (serverId === null) throw new Error("no request has named the server yet");
    return serverId as ServerId;
  }

  transact<T>(change: () => T): T {
    try {
      return this.ctx.storage.transactionSync(() => gatherServerChanges(this.sql, change));
    } catch (error) {
      this.forget();
      throw error;
    }
  }

  /** The API said something about the platform's keys, and it is stored. */
  forgetTrust(): void {
    this.#trust = undefined;
  }

  /** Drops what is cached; the next use reads it from storage again. */
  forget(): void {
    this.#desk = undefined;
    this.#trust = undefined;
    forgetServer(this.sql);
  }
}
