import type { Caller } from "./scope.ts";
import type { Rights } from "./rights.ts";

/** A right that somebody has in hand: what it was given for, and by which session. */
export interface RightInUse {
  readonly tokenHash: string;
  readonly caller: Caller;
}

/** How a console's socket ends: its user is signed out or gone, or comes back with other rights. */
export type SocketEnd = "signedOut" | "changed";

interface OpenSocket extends RightInUse {
  readonly close: (end: SocketEnd) => void;
}

interface GivenTicket extends RightInUse {
  /** When what it lets in has ended by itself. */
  readonly untilMs: number;
}

/** The rights that outlive the request that checked them: consoles' sockets, and connections to the relay. */
export class RightsInUse {
  readonly #sockets = new Set<OpenSocket>();
  /** The newest of each session and of what its user was then. */
  readonly #tickets = new Map<string, GivenTicket>();

  /** A console's socket was opened; answers what to call when it has closed. */
  socketOpened(socket: OpenSocket): () => void {
    this.#sockets.add(socket);
    return () => this.#sockets.delete(socket);
  }

  ticketGiven(ticket: GivenTicket): void {
    this.#tickets.set(ticketKey(ticket), ticket);
  }

  list(nowMs: number): RightInUse[] {
    for (const [key, { untilMs }] of this.#tickets) if (untilMs <= nowMs) this.#tickets.delete(key);
    return [...this.#sockets, ...this.#tickets.values()];
  }

  closeSockets(isMeant: (right: RightInUse) => boolean, end: SocketEnd): void {
    for (const socket of this.#sockets) if (isMeant(socket)) socket.close(end);
  }

  /** The relay is being told, so there is nothing left to look after. */
  forgetTickets(isMeant: (right: RightInUse) => boolean): void {
    for (const [key, ticket] of this.#tickets) if (isMeant(ticket)) this.#tickets.delete(key);
  }
}

function ticketKey({ tokenHash, caller }: RightInUse): string {
  return `${tokenHash} ${rightsKey(caller)}`;
}

/** The same for the same rights in the same org. */
export function rightsKey({ orgId, role, grants }: Rights & { readonly orgId: string }): string {
  return JSON.stringify([orgId, role, grants.map((grant) => [grant.workspaceId, grant.projectId, grant.role])]);
}
