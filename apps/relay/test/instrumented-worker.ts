/**
 * A Worker around the relay's own, for tests: it counts every event that wakes an object and every timer that would keep it
 * awake, moves the clock that the relay reads, and rings alarms. The relay's code in it is the shipped bundle.
 */
export const instrumented = `
import relay, { ServerSession as Shipped } from "./worker.js";

const wakes = {};
const count = (what) => { wakes[what] = (wakes[what] ?? 0) + 1; };
let aheadMs = 0;
const now = Date.now.bind(Date);
Date.now = () => now() + aheadMs;
const setTimer = globalThis.setTimeout;
globalThis.setTimeout = (...args) => { count("timer"); return setTimer(...args); };

export class ServerSession extends Shipped {
  #storage;
  constructor(ctx, env) { super(ctx, env); this.#storage = ctx.storage; count("start"); }
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
