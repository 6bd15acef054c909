import type { Account, AccountScope, Caller } from "./auth/scope.ts";
import type { Runtime } from "./runtime.ts";

/** The program that asks, in its own words, and the cookie of its device. */
export interface RequestDevice {
  readonly userAgent: string;
  readonly cookie: string | null;
}

/** What a procedure gets besides its input. */
export interface Context {
  readonly runtime: Runtime;
  /** Who is signed in, read from the session cookie or token; also somebody who is in no org. */
  readonly account: Account | null;
  /** The same in an org, with what that allows. */
  readonly caller: Caller | null;
  /** The session's token, to end it. */
  readonly sessionToken: string | null;
  /** How long ago the session's user proved who they are; infinite without a session. */
  readonly sinceAuthMs: number;
  /** What the peer says of itself. */
  readonly device: RequestDevice;
  /** From where it comes: the peer's address, or what a trusted proxy says. */
  readonly address: string;
  /** The org that the client believes to work in; null: it does not say. */
  readonly expectedOrgId: string | null;
  /** A socket is for subscriptions only: what it may do was checked when it opened. */
  readonly transport: "http" | "socket";
  /** Sets a cookie on the answer; over a WebSocket there is no answer to set it on. */
  readonly setCookie: (cookie: string) => void;
}

/** The same for somebody who is signed in. */
export interface AccountContext extends Context {
  readonly scope: AccountScope;
}
