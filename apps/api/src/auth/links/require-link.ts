import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { Context } from "../../context.ts";
import { hashToken } from "../../random-token.ts";
import { tokenRules } from "../attempt-rules.ts";
import { countAttempt } from "../throttle.ts";
import type { LinkKind } from "./link-kinds.ts";
import { findLink, type LinkRow } from "./repo.ts";

/**
 * The link that a token is of, which is still good.
 *
 * @throws QuarterdeckError TOKEN_INVALID, TOKEN_USED, TOKEN_EXPIRED, RATE_LIMITED
 */
export async function requireLink(
  { runtime, address }: Context,
  token: string,
  kinds: readonly LinkKind[],
): Promise<LinkRow> {
  await countAttempt(runtime, tokenRules("link", address));
  const link = await findLink(runtime.db, hashToken(token));
  if (link === null || !kinds.includes(link.kind))
    throw new QuarterdeckError("TOKEN_INVALID", "This link is not valid. Open the newest one, or ask for another.");
  if (link.usedAtMs !== null) throw linkUsed();
  if (link.expiresAtMs <= runtime.clock.nowMs())
    throw new QuarterdeckError("TOKEN_EXPIRED", "This link has expired. Ask for another one.");
  return link;
}

export function linkUsed(): QuarterdeckError {
  return new QuarterdeckError("TOKEN_USED", "This link has been used already.");
}
