import type { UserId } from "@quarterdeck/core/ids";
import type { SQL } from "drizzle-orm";
import { hashToken, makeToken } from "../../random-token.ts";
import type { Runtime } from "../../runtime.ts";
import type { Statement } from "../../writer.ts";
import { linkKinds, type LinkKind } from "./link-kinds.ts";
import { mailOf } from "./mail-texts.ts";
import { insertLink, markSent } from "./repo.ts";

interface NewLink {
  readonly kind: LinkKind;
  /** Null for somebody who has no account yet. */
  readonly userId: UserId | null;
  readonly email: string;
}

export interface MadeLink {
  readonly url: string;
  readonly statement: Statement;
  /** Mails it, after it was written. Without a mail server, or where that fails, the operator has it. */
  readonly deliver: () => void;
}

export function makeLink(runtime: Runtime, { kind, userId, email }: NewLink, condition: SQL): MadeLink {
  const { clock, writer, mailer, secrets } = runtime;
  const token = makeToken("qd_link");
  const linkId = runtime.makeId("link");
  const createdAtMs = clock.nowMs();
  const row = {
    linkId,
    tokenHash: hashToken(token),
    kind,
    userId,
    email,
    createdAtMs,
    expiresAtMs: createdAtMs + linkKinds[kind].livesMs,
    usedAtMs: null,
    sentAtMs: null,
    sealedToken: secrets.seal(token, placeOf(linkId)),
  };
  const url = urlOf(runtime, kind, token);
  return {
    url,
    statement: insertLink(row, condition),
    deliver: () =>
      mailer?.send({ to: email, ...mailOf(kind, url) }, () => writer.commit([markSent(linkId, clock.nowMs())])),
  };
}

/** A fragment is sent to no server and logged by none. */
export function urlOf({ address }: Pick<Runtime, "address">, kind: LinkKind, token: string): string {
  return `${address.origin}${linkKinds[kind].path}#token=${token}`;
}

export function placeOf(linkId: string): readonly string[] {
  return ["account-link", linkId];
}
