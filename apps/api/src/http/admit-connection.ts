import type { IncomingMessage } from "node:http";
import type { Duplex } from "node:stream";
import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { Caller } from "../auth/scope.ts";
import { retryAfterField } from "../rates/rate-limit-fields.ts";
import type { Runtime } from "../runtime.ts";
import { clientAddress } from "./client-address.ts";
import { refuseUpgrade } from "./refuse-upgrade.ts";
import { readRequestCaller } from "./request-caller.ts";

/**
 * Lets a bridge or a viewer through to the relay, or answers why not: at the rate of its address, and viewers as many at once as the
 * org of their session may have.
 *
 * @returns whether it may
 */
export async function admitToRelay(
  runtime: Runtime,
  { request, socket }: { readonly request: IncomingMessage; readonly socket: Duplex },
  kind: "bridge" | "viewer",
): Promise<boolean> {
  const { fields, refusal } = runtime.requestRates.chargeRoute(
    "connect",
    clientAddress(request, runtime.env.trustedProxies),
  );
  if (refusal !== null) {
    refuseUpgrade(socket, refusal, { ...fields, ...retryAfterField(refusal.retryAfterMs ?? 0) });
    return false;
  }
  if (kind === "bridge") return true;
  const caller = await readViewer(runtime, request);
  return takeConnection(runtime, { request, socket }, caller);
}

/** Takes a place among the open connections until the socket has closed, or answers that there is none. */
export function takeConnection(
  { connections, requestRates, env }: Pick<Runtime, "connections" | "requestRates" | "env">,
  { request, socket }: { readonly request: IncomingMessage; readonly socket: Duplex },
  caller: Caller | null,
): boolean {
  if (socket.destroyed) return false; // It went away meanwhile, and nothing would say so any more.
  const leave = connections.take(caller, clientAddress(request, env.trustedProxies));
  if (!(leave instanceof QuarterdeckError)) {
    socket.once("close", leave);
    return true;
  }
  if (caller !== null) requestRates.countRefusal(caller);
  refuseUpgrade(socket, leave, retryAfterField(leave.retryAfterMs ?? 0));
  return false;
}

/** A viewer needs a ticket and no session; one that has a session counts for its org. */
async function readViewer(runtime: Runtime, { headers }: IncomingMessage): Promise<Caller | null> {
  const { cookie, authorization, origin } = headers;
  const read = await readRequestCaller(runtime, { cookie, authorization, origin }, { mustKnowOrigin: false });
  return read.caller;
}
