import { randomBytes } from "node:crypto";
import type { Clock } from "@quarterdeck/core/clock";
import { makeId, type SignInId, type UserId as QuarterdeckUserId } from "@quarterdeck/core/ids";
import { dayMs } from "@quarterdeck/core/units";
import { eq, lte, or, sql } from "drizzle-orm";
import { generateIdFromEntropySize, Lucia, TimeSpan, type Adapter, type DatabaseSession } from "lucia";
import type { Database } from "../db/database.ts";
import { insertWhen } from "../db/insert-when.ts";
import { authSessions, users } from "../db/schema.ts";
import { hashToken } from "../random-token.ts";
import type { Writer } from "../writer.ts";

declare module "lucia" {
  interface Register {
    Lucia: ReturnType<typeof makeLucia>;
    UserId: QuarterdeckUserId;
    DatabaseSessionAttributes: SessionAttributes;
  }
}

interface SessionAttributes {
  readonly createdAtMs: number;
  readonly address: string;
  readonly signInId: SignInId;
  readonly userAgent: string;
  readonly lastUsedAtMs: number;
  readonly authenticatedAtMs: number;
}

export interface NewSession {
  readonly userId: QuarterdeckUserId;
  readonly nowMs: number;
  readonly address: string;
  readonly userAgent?: string;
}

export interface ValidSession {
  readonly userId: QuarterdeckUserId;
  readonly signInId: SignInId;
  readonly lastUsedAtMs: number;
  /** When its user last proved who they are. */
  readonly authenticatedAtMs: number;
  /** Set when the session was prolonged: the cookie to send again. */
  readonly renewedCookie: string | null;
}

/** Sign-in sessions. lucia is used here and nowhere else, because it is no longer developed. */
export interface Sessions {
  create(session: NewSession): Promise<{ token: string; cookie: string }>;
  validate(token: string): Promise<ValidSession | null>;
  end(token: string): Promise<void>;
  /** A token for a session that there is, with its cookie: the caller writes its hash in the place of the old one's. */
  makeToken(): { readonly tokenHash: string; readonly cookie: string };
  deleteExpired(): Promise<void>;
  readCookie(header: string): string | null;
  readBearer(header: string): string | null;
  /** The cookie that takes the session's cookie away. */
  blankCookie(): string;
}

interface SessionsOptions {
  readonly db: Database;
  readonly writer: Writer;
  readonly clock: Clock;
  readonly isSecure: () => boolean;
}

/** A session that nobody uses ends after this. */
const idleDays = 14;
/** And one that is used all the time after this, counted from signing in. */
export const longestSessionMs = 90 * dayMs;

export function createSessions({ db, writer, clock, isSecure }: SessionsOptions): Sessions {
  const adapter = new HashingAdapter(db, writer, clock);
  const lucias = { secure: makeLucia(adapter, true), plain: makeLucia(adapter, false) };
  const lucia = () => (isSecure() ? lucias.secure : lucias.plain);
  return {
    async create({ userId, nowMs, address, userAgent = "" }) {
      const session = await lucia().createSession(userId, {
        createdAtMs: nowMs,
        address,
        signInId: makeId("signIn", nowMs, randomBytes(16)),
        userAgent,
        lastUsedAtMs: nowMs,
        authenticatedAtMs: nowMs,
      });
      return { token: session.id, cookie: lucia().createSessionCookie(session.id).serialize() };
    },
    async validate(token) {
      const { session } = await lucia().validateSession(token);
      if (session === null) return null;
      const renewedCookie = session.fresh ? lucia().createSessionCookie(session.id).serialize() : null;
      const { userId, signInId, lastUsedAtMs, authenticatedAtMs } = session;
      return { userId, signInId, lastUsedAtMs, authenticatedAtMs, renewedCookie };
    },
    end: (token) => lucia().invalidateSession(token),
    makeToken() {
      const token = generateIdFromEntropySize(25);
      return { tokenHash: hashToken(token), cookie: lucia().createSessionCookie(token).serialize() };
    },
    deleteExpired: () => lucia().deleteExpiredSessions(),
    readCookie: (header) => lucia().readSessionCookie(header),
    readBearer: (header) => lucia().readBearerToken(header),
    blankCookie: () => lucia().createBlankSessionCookie().serialize(),
  };
}

function makeLucia(adapter: Adapter, isSecure: boolean) {
  return new Lucia(adapter, {
    sessionExpiresIn: new TimeSpan(idleDays, "d"),
    getSessionAttributes: ({ signInId, lastUsedAtMs, authenticatedAtMs }) => ({
      signInId,
      lastUsedAtMs,
      authenticatedAtMs,
    }),
    sessionCookie: {
      // `__Host-` needs Secure, which some browsers refuse over http, even on loopback.
      name: isSecure ? "__Host-quarterdeck" : "quarterdeck",
      attributes: { secure: isSecure, sameSite: "lax", path: "/" },
    },
  });
}

/** Stores SHA-256 of a session's token, so that who reads the database cannot sign in with what is there. */
class HashingAdapter implements Adapter {
  readonly #db: Database;
  readonly #writer: Writer;
  readonly #clock: Clock;

  constructor(db: Database, writer: Writer, clock: Clock) {
    this.#db = db;
    this.#writer = writer;
    this.#clock = clock;
  }

  async getSessionAndUser(token: string): ReturnType<Adapter["getSessionAndUser"]> {
    const [row] = await this.#db
      .select({ session: authSessions, userId: users.userId })
      .from(authSessions)
      .innerJoin(users, eq(users.userId, authSessions.userId))
      .where(eq(authSessions.tokenHash, hashToken(token)));
    if (row === undefined || row.session.createdAtMs <= this.#clock.nowMs() - longestSessionMs) return [null, null];
    return [toSession(token, row.session), { id: row.userId, attributes: {} }];
  }

  async getUserSessions(userId: QuarterdeckUserId): Promise<DatabaseSession[]> {
    const rows = await this.#db.select().from(authSessions).where(eq(authSessions.userId, userId));
    return rows.map((row) => toSession(row.tokenHash, row)); // The tokens themselves are not known here.
  }

  async setSession(session: DatabaseSession): Promise<void> {
    const { id, userId, expiresAt, attributes } = session;
    const row = { ...attributes, tokenHash: hashToken(id), userId, expiresAtMs: expiresAt.getTime() };
    await this.#writer.commit([insertWhen(authSessions, row, sql`true`)]);
  }

  async updateSessionExpiration(token: string, expiresAt: Date): Promise<void> {
    await this.#writer.commit([
      sql`update ${authSessions} set "expiresAtMs" = ${expiresAt.getTime()} where ${eq(authSessions.tokenHash, hashToken(token))}`,
    ]);
  }

  async deleteSession(token: string): Promise<void> {
    await this.#writer.commit([sql`delete from ${authSessions} where ${eq(authSessions.tokenHash, hashToken(token))}`]);
  }

  async deleteUserSessions(userId: QuarterdeckUserId): Promise<void> {
    await this.#writer.commit([sql`delete from ${authSessions} where ${eq(authSessions.userId, userId)}`]);
  }

  async deleteExpiredSessions(): Promise<void> {
    const nowMs = this.#clock.nowMs();
    const isTooOld = lte(authSessions.createdAtMs, nowMs - longestSessionMs);
    await this.#writer.commit([
      sql`delete from ${authSessions} where ${or(lte(authSessions.expiresAtMs, nowMs), isTooOld)}`,
    ]);
  }
}

function toSession(id: string, row: typeof authSessions.$inferSelect): DatabaseSession {
  return {
    id,
    userId: row.userId,
    expiresAt: new Date(row.expiresAtMs),
    attributes: row,
  };
}
