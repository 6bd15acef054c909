/**
 * A Worker around the relay's own, for tests: it counts every event that wakes an object, every timer that would keep it
 * awake and every row that its storage bills, moves the clock that the relay reads, and rings alarms. The relay's code in it
 * is the shipped bundle.
 */
export const instrumented = `
import relay, { ServerSession as Shipped } from "./worker.js";

const wakes = {};
const count = (what) => { wakes[what] = (wakes[what] ?? 0) + 1; };
let aheadMs = 0;
const now = Date.now.bind(Date);
Date.now = () => now() + aheadMs;
const setTimer = globalThis.setTimeout;
const clearTimer = globalThis.clearTimeout;
const running = new Set();
globalThis.setTimeout = (run, ...args) => {
  count("timer");
  const timer = setTimer(() => { running.delete(timer); run(); }, ...args);
  running.add(timer);
  return timer;
};
globalThis.clearTimeout = (timer) => { running.delete(timer); clearTimer(timer); };

const rows = { read: 0, written: 0 };
let areRowsCounted = false;
/** What a cursor has read and written so far; reading it on reads more rows. */
const counted = new WeakMap();
const countCursor = (cursor) => {
  const before = counted.get(cursor) ?? { read: 0, written: 0 };
  const now = { read: cursor.rowsRead, written: cursor.rowsWritten };
  rows.read += now.read - before.read;
  rows.written += now.written - before.written;
  counted.set(cursor, now);
};
const countRows = (storage) => {
  if (areRowsCounted) return;
  areRowsCounted = true;
  const sqlStorage = Object.getPrototypeOf(storage.sql);
  const exec = sqlStorage.exec;
  sqlStorage.exec = function (...args) {
    const cursor = exec.apply(this, args);
    // The local runtime remembers an object's name in a table of its own.
    if (args[0].includes("__miniflare")) return cursor;
    countCursor(cursor);
    const toArray = cursor.toArray.bind(cursor);
    cursor.toArray = () => {
      const found = toArray();
      countCursor(cursor);
      return found;
    };
    return cursor;
  };
  // Setting an alarm is billed as a row that is written.
  const durable = Object.getPrototypeOf(storage);
  const setAlarm = durable.setAlarm;
  durable.setAlarm = function (...args) { rows.written++; return setAlarm.apply(this, args); };
};

export class ServerSession extends Shipped {
  #storage;
  constructor(ctx, env) { countRows(ctx.storage); super(ctx, env); this.#storage = ctx.storage; count("start"); }
  fetch(request) { count("connect"); return super.fetch(request); }
  webSocketMessage(socket, message) { count("message"); return super.webSocketMessage(socket, message); }
  webSocketClose(...args) { count("close"); return super.webSocketClose(...args); }
  webSocketError(socket) { count("close"); return super.webSocketError(socket); }
  alarm() { count("alarm"); return super.alarm(); }
  async ring() {
    await this.#storage.deleteAlarm();
    await this.alarm();
    return await this.#storage.getAlarm();
  }
}

export default {
  async fetch(request, env) {
    const { pathname, searchParams } = new URL(request.url);
    if (pathname === "/test/wakes") return Response.json(wakes);
    if (pathname === "/test/timers") return Response.json(running.size);
    if (pathname === "/test/rows") return Response.json(rows);
    if (pathname === "/test/clock") {
      aheadMs = Number(searchParams.get("aheadMs"));
      return Response.json(null);
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
