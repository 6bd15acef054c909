import type { ServerId } from "@quarterdeck/core/ids";
import type { Settings } from "../env.ts";
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

  /** Drops what is cached; the next use reads it from storage again. */
  forget(): void {
    this.#desk = undefined;
    forgetServer(this.sql);
  }
}
