import type { Id, OrgId } from "../ids.ts";

/** Whose chain it is. Attempts that belong to no org (a wrong password, an unknown token) are in the platform's own. */
export type ChainId = OrgId | "platform";

/** What the chain vouches for of an entry: all of it. */
export interface AuditRecord {
  readonly entryId: Id<"entry">;
  readonly atMs: number;
  readonly actor: string;
  readonly address: string | null;
  readonly action: string;
  readonly subject: string | null;
  readonly outcome: string;
  readonly detail: string | null;
}

/** How far a chain goes: the number of its newest entry, from 1, and that entry's hash. */
export interface ChainHead {
  readonly seq: number;
  readonly hash: string;
}

/** An entry with its place in the chain. */
export interface ChainedRecord extends AuditRecord, ChainHead {}

/** SHA-256 of a text in UTF-8, in base64url. It is handed in, because a chain is hashed one by one, and a call that waits each time is slow. */
export type Sha256 = (text: string) => string;

/** Where a chain begins. */
export const emptyChain: ChainHead = { seq: 0, hash: "" };

const domain = "quarterdeck/audit-entry/v1";

/**
 * The text that an entry is hashed as: the domain, a zero byte, and a JSON list of all that makes the entry and its place.
 * JSON writes line breaks, quotes and halves of characters as escapes, and says where each field ends, so two entries
 * have the same text only if they are the same.
 */
export function canonicalText(chainId: ChainId, previous: ChainHead, record: AuditRecord): string {
  const { entryId, atMs, actor, address, action, subject, outcome, detail } = record;
  const fields = [entryId, atMs, actor, address, action, subject, outcome, detail];
  return `${domain}\0${JSON.stringify([chainId, previous.seq + 1, previous.hash, ...fields])}`;
}

/** The place of an entry that follows `previous`. */
export function nextHead(
  { chainId, sha256 }: { readonly chainId: ChainId; readonly sha256: Sha256 },
  previous: ChainHead,
  record: AuditRecord,
): ChainHead {
  return { seq: previous.seq + 1, hash: sha256(canonicalText(chainId, previous, record)) };
}

/** Gives entries their places behind `previous`, in their order. */
export function chain(
  by: { readonly chainId: ChainId; readonly sha256: Sha256 },
  previous: ChainHead,
  records: readonly AuditRecord[],
): ChainedRecord[] {
  let head = previous;
  return records.map((record) => {
    head = nextHead(by, head, record);
    return { ...record, ...head };
  });
}
