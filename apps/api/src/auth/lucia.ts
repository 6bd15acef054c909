import type { UserId as QuarterdeckUserId } from "@quarterdeck/core/ids";
import { eq, lte, sql } from "drizzle-orm";
import { Lucia, TimeSpan, type Adapter, type DatabaseSession } from "lucia";
import type { Database } from "../db/database.ts";
import { authSessions, users } from "../db/schema.ts";
import { hashToken } from "../random-token.ts";
import type { Writer } from "../writer.ts";

declare module "lucia" {
  interface Register {
    UserId: QuarterdeckUserId;
    DatabaseSessionAttributes: { createdAtMs: number; address: string };
  }
}

export interface NewSession {
  readonly userId: QuarterdeckUserId;
  readonly nowMs: number;
  readonly address: string;
}

export interface ValidSession {
  readonly userId: QuarterdeckUserId;
  /** Set when the session was prolonged: the cookie to send again. */
  readonly renewedCookie: string | null;
}

/** Sign-in sessions. lucia is used here and nowhere else, because it is no longer developed. */
export interface Sessions {
  create(session: NewSession): Promise<{ token: string; cookie: string }>;
  validate(token: string): Promise<ValidSession | null>;
  end(token: string): Promise<void>;
  deleteExpired(): Promise<void>;
  readCookie(header: string): string | null;
  readBearer(header: string): string | null;
  /** The cookie that takes the session's cookie away. */
  blankCookie(): string;
}

interface SessionsOptions {
  readonly db: Database;
  readonly writer: Writer;
  readonly isSecure: () => boolean;
}

const lifetimeDays = 30;

export function createSessions({ db, writer, isSecure }: SessionsOptions): Sessions {
  const adapter = new HashingAdapter(db, writer);
  const lucias = { secure: makeLucia(adapter, true), plain: makeLucia(adapter, false) };
  const lucia = () => (isSecure() ? lucias.secure : lucias.plain);
  return {
    async create({ userId, nowMs, address }) {
      const session = await lucia().createSession(userId, { createdAtMs: nowMs, address });
      return { token: session.id, cookie: lucia().createSessionCookie(session.id).serialize() };
    },
    async validate(token) {
      const { session } = await lucia().validateSession(token);
      if (session === null) return null;
      const renewedCookie = session.fresh ? lucia().createSessionCookie(session.id).serialize() : null;
      return { userId: session.userId, renewedCookie };
    },
    end: (token) => lucia().invalidateSession(token),
    deleteExpired: () => lucia().deleteExpiredSessions(),
    readCookie: (header) => lucia().readSessionCookie(header),
    readBearer: (header) => lucia().readBearerToken(header),
    blankCookie: () => lucia().createBlankSessionCookie().serialize(),
  };
}

function makeLucia(adapter: Adapter, isSecure: boolean) {
  return new Lucia(adapter, {
    sessionExpiresIn: new TimeSpan(lifetimeDays, "d"),
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

  constructor(db: Database, writer: Writer) {
    this.#db = db;
    this.#writer = writer;
  }

  async getSessionAndUser(token: string): ReturnType<Adapter["getSessionAndUser"]> {
    const [row] = await this.#db
      .select({ session: authSessions, userId: users.userId })
      .from(authSessions)
      .innerJoin(users, eq(users.userId, authSessions.userId))
      .where(eq(authSessions.tokenHash, hashToken(token)));
    if (row === undefined) return [null, null];
    return [toSession(token, row.session), { id: row.userId, attributes: {} }];
  }

  async getUserSessions(userId: QuarterdeckUserId): Promise<DatabaseSession[]> {
    const rows = await this.#db.select().from(authSessions).where(eq(authSessions.userId, userId));
    return rows.map((row) => toSession(row.tokenHash, row)); // The tokens themselves are not known here.
  }

  async setSession(session: DatabaseSession): Promise<void> {
    await this.#writer.commit([
      sql`insert into ${authSessions} ("tokenHash", "userId", "expiresAtMs", "createdAtMs", "address")
        values (${hashToken(session.id)}, ${session.userId}, ${session.expiresAt.getTime()},
          ${session.attributes.createdAtMs}, ${session.attributes.address})`,
    ]);
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
    await this.#writer.commit([sql`delete from ${authSessions} where ${lte(authSessions.expiresAtMs, Date.now())}`]);
  }
}

function toSession(id: string, row: typeof authSessions.$inferSelect): DatabaseSession {
  return {
    id,
    userId: row.userId,
    expiresAt: new Date(row.expiresAtMs),
    attributes: { createdAtMs: row.createdAtMs, address: row.address },
  };
}
