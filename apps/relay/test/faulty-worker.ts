/**
 * A Worker around the relay's own, for tests: it kills an object at a chosen boundary, and lets its storage be full. The
 * relay's code in it is the shipped bundle.
 */
export const faulty = `
import relay, { ServerSession as Shipped } from "./worker.js";

let crash = null; // { at, left }: dies when \`at\` is reached for the \`left\`th time.
let isStorageFull = false;
let refusedWrites = 0;
let isPatched = false;

function reach(ctx, at) {
  if (crash === null || crash.at !== at || --crash.left > 0) return;
  crash = null;
  ctx.abort("killed by the test " + at);
}

function patchStorage(storage) {
  if (isPatched) return;
  isPatched = true;
  const prototype = Object.getPrototypeOf(storage.sql);
  const exec = prototype.exec;
  prototype.exec = function (query, ...bindings) {
    if (isStorageFull && !/^\\s*(SELECT|PRAGMA)/i.test(query)) {
      refusedWrites++;
      throw new Error("database or disk is full: SQLITE_FULL");
    }
    return exec.call(this, query, ...bindings);
  };
}

export class ServerSession extends Shipped {
  #ctx;
  constructor(ctx, env) {
    patchStorage(ctx.storage);
    super(ctx, env);
    this.#ctx = ctx;
    const { storage } = ctx;
    const transactionSync = storage.transactionSync;
    storage.transactionSync = (change) => {
      const value = transactionSync.call(storage, change);
      reach(ctx, "after transaction");
      return value;
    };
  }
  async #around(name, handle) {
    reach(this.#ctx, "before " + name);
    const value = await handle();
    reach(this.#ctx, "after " + name);
    return value;
  }
  fetch(request) { return this.#around("connect", () => super.fetch(request)); }
  webSocketMessage(...args) { return this.#around("message", () => super.webSocketMessage(...args)); }
  webSocketClose(...args) { return this.#around("close", () => super.webSocketClose(...args)); }
  webSocketError(...args) { return this.#around("error", () => super.webSocketError(...args)); }
  drain(...args) { return this.#around("drain", () => super.drain(...args)); }
  tellAuditHead(...args) { return this.#around("auditHead", () => super.tellAuditHead(...args)); }
  explainWaiting(...args) { return this.#around("waiting", () => super.explainWaiting(...args)); }
  takeOutbox(...args) { return this.#around("outbox", () => super.takeOutbox(...args)); }
  alarm() { return this.#around("alarm", () => super.alarm()); }
  async ring() {
    await this.#ctx.storage.deleteAlarm();
    await this.alarm();
    return await this.#ctx.storage.getAlarm();
  }
}

export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/test/crash") {
      const wasReached = crash === null;
      const at = searchParams.get("at");
      crash = at === null ? null : { at, left: Number(searchParams.get("nth")) };
      return Response.json(wasReached);
    }
    if (pathname === "/test/storage") {
      isStorageFull = searchParams.get("isFull") === "true";
      return Response.json(refusedWrites);
    }
    if (pathname === "/test/ring") {
      const { SERVER_SESSIONS } = env;
      const object = SERVER_SESSIONS.get(SERVER_SESSIONS.idFromName(searchParams.get("server")));
      return Response.json(await object.ring());
    }
    return await relay.fetch(request, env);
  },
};
`;
