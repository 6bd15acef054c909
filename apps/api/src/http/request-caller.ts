import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { apiKeyIn } from "../service-accounts/api-key.ts";
import { admitKey } from "../service-accounts/admit-key.ts";
import type { KnownCaller } from "../auth/known-callers.ts";
import { readAccount, readCaller } from "../auth/repo.ts";
import { noteUse } from "../auth/note-use.ts";
import type { Account, Caller } from "../auth/scope.ts";
import { hashToken } from "../random-token.ts";
import type { Runtime } from "../runtime.ts";

/** The headers of a request that say who asks, and from what page. */
export interface CallerHeaders {
  readonly cookie: string | undefined;
  readonly authorization: string | undefined;
  readonly origin: string | undefined;
}

export interface RequestCaller {
  readonly account: Account | null;
  readonly caller: Caller | null;
  readonly sessionToken: string | null;
  /** How long ago the session's user proved who they are; infinite without a session. */
  readonly sinceAuthMs: number;
  /** The session was prolonged: the cookie to send again. */
  readonly renewedCookie: string | null;
}

/**
 * Who a request comes from. A cookie is sent by the browser whichever page asked, so it counts only where the page is
 * known to be the console (`mustKnowOrigin`: for everything that changes something, and for sockets). An API key counts as a
 * bearer token only, and whatever else comes with it counts for nothing.
 *
 * @param peer its address
 * @param mayBeRecent answers with what was read a moment ago: for what only reads and is over when it is answered
 * @throws QuarterdeckError ORIGIN_REFUSED for a page of another origin, or an unknown one where it must be known;
 *   UNAUTHENTICATED for an API key that lets nobody in, RATE_LIMITED after many of them
 */
export async function readRequestCaller(
  runtime: Runtime,
  headers: CallerHeaders,
  { mustKnowOrigin, peer, mayBeRecent = false }: { mustKnowOrigin: boolean; peer: string; mayBeRecent?: boolean },
): Promise<RequestCaller> {
  const { address, sessions, clock } = runtime;
  const { cookie = "", authorization, origin } = headers;
  if (origin !== undefined && !address.acceptsOrigin(origin)) {
    throw new QuarterdeckError(
      "ORIGIN_REFUSED",
      `Requests from pages of ${origin.slice(0, 200)} are refused. Use the console at ${address.origin}.`,
    );
  }
  const apiKey = authorization === undefined ? null : apiKeyIn(authorization);
  if (apiKey !== null) {
    const caller = await admitKey(runtime, apiKey, peer);
    // It has proved nothing that a person would be asked for.
    return { account: null, caller, sessionToken: apiKey, sinceAuthMs: Number.POSITIVE_INFINITY, renewedCookie: null };
  }
  const bearer = authorization === undefined ? null : sessions.readBearer(authorization);
  const fromCookie = sessions.readCookie(cookie);
  if (bearer === null && fromCookie !== null && origin === undefined && mustKnowOrigin) {
    throw new QuarterdeckError(
      "ORIGIN_REFUSED",
      "The request has a session cookie and no Origin header, so it may come from any page. Scripts use the session token as a bearer token instead.",
    );
  }
  const token = bearer ?? fromCookie;
  const known = token === null ? null : await readKnownCaller(runtime, token, mayBeRecent);
  if (known === null) {
    const sinceAuthMs = Number.POSITIVE_INFINITY;
    return { account: null, caller: null, sessionToken: token, sinceAuthMs, renewedCookie: null };
  }
  const { session, account, caller } = known;
  noteUse(runtime, session);
  const renewedCookie = bearer === null ? session.renewedCookie : null;
  const sinceAuthMs = clock.nowMs() - session.authenticatedAtMs;
  return { account, caller, sessionToken: token, sinceAuthMs, renewedCookie };
}

async function readKnownCaller(
  { db, sessions, knownCallers }: Runtime,
  token: string,
  mayBeRecent: boolean,
): Promise<KnownCaller | null> {
  const tokenHash = hashToken(token);
  const recent = mayBeRecent ? knownCallers.recent(tokenHash) : null;
  if (recent !== null) return recent;
  return knownCallers.read(tokenHash, async () => {
    const session = await sessions.validate(token);
    if (session === null) return null;
    const caller = await readCaller(db, session.userId, tokenHash);
    return { session, caller, account: caller ?? (await readAccount(db, session.userId)) };
  });
}
