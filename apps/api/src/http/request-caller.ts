import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
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
 * known to be the console (`mustKnowOrigin`: for everything that changes something, and for sockets).
 *
 * @throws QuarterdeckError ORIGIN_REFUSED for a page of another origin, or an unknown one where it must be known
 */
export async function readRequestCaller(
  runtime: Runtime,
  headers: CallerHeaders,
  { mustKnowOrigin }: { mustKnowOrigin: boolean },
): Promise<RequestCaller> {
  const { address, sessions, db, clock } = runtime;
  const { cookie = "", authorization, origin } = headers;
  if (origin !== undefined && !address.acceptsOrigin(origin)) {
    throw new QuarterdeckError(
      "ORIGIN_REFUSED",
      `Requests from pages of ${origin.slice(0, 200)} are refused. Use the console at ${address.origin}.`,
    );
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
  const session = token === null ? null : await sessions.validate(token);
  const nobody = { account: null, caller: null, sessionToken: token, sinceAuthMs: Number.POSITIVE_INFINITY };
  if (session === null) return { ...nobody, renewedCookie: null };
  noteUse(runtime, session);
  const renewedCookie = bearer === null ? session.renewedCookie : null;
  const caller = await readCaller(db, session.userId, token === null ? null : hashToken(token));
  const account = caller ?? (await readAccount(db, session.userId));
  const sinceAuthMs = clock.nowMs() - session.authenticatedAtMs;
  return { account, caller, sessionToken: token, sinceAuthMs, renewedCookie };
}
