import * as z from "zod";
import type { NamedEntry } from "./views.ts";

const text = z.string().trim().max(200);

/** Which entries somebody looks for. Texts match parts, of ids and of names, whatever their case. */
export const entryFilterSchema = z.strictObject({
  actor: text.optional(),
  action: text.optional(),
  subject: text.optional(),
  outcome: z.enum(["done", "refused"]).optional(),
  /** From then on. */
  fromMs: z.int().min(0).optional(),
  /** Before then. */
  toMs: z.int().min(0).optional(),
  /** In any field. */
  search: text.optional(),
});
export type EntryFilter = z.infer<typeof entryFilterSchema>;

export function isFiltering(filter: EntryFilter): boolean {
  return Object.values(filter).some((value) => value !== undefined && value !== "");
}

/** Answers of each entry whether it is one of those. */
export function entryMatcher(filter: EntryFilter): (entry: NamedEntry) => boolean {
  const { outcome, fromMs = 0, toMs = Number.POSITIVE_INFINITY } = filter;
  const [actor, action, subject, search] = [filter.actor, filter.action, filter.subject, filter.search].map((part) =>
    folded(part ?? ""),
  ) as [string, string, string, string];
  return (entry) => {
    const who = [entry.actor, entry.actorName];
    const what = [entry.subject, entry.subjectName];
    return (
      entry.atMs >= fromMs &&
      entry.atMs < toMs &&
      (outcome === undefined || entry.outcome === outcome) &&
      has(who, actor) &&
      has([entry.action], action) &&
      has(what, subject) &&
      has([...who, ...what, entry.action, entry.detail, entry.address], search)
    );
  };
}

function has(texts: readonly (string | null)[], part: string): boolean {
  return part === "" || texts.some((one) => one !== null && folded(one).includes(part));
}

/** The same for spellings of one text that people take for the same. */
function folded(one: string): string {
  return one.normalize("NFKC").toLowerCase();
}
