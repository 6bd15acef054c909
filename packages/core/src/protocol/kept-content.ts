import { accept, type Result } from "../errors/result.ts";
import type { RunId } from "../ids.ts";
import { openContent, type ContentKey } from "./content-sealing.ts";
import { commitAboutSchema, type CommitAbout, type RepositoryState } from "./result.ts";

/** The content of a run that the platform keeps, sealed, with the keys that open it. */
export interface KeptContent {
  readonly runId: RunId;
  readonly tail: string | null;
  readonly quote: string | null;
  readonly contentKeys: readonly ContentKey[];
}

/** Opens the end of a run's output; nothing where there was none. */
export async function openTail({ runId, tail, contentKeys }: KeptContent): Promise<Result<Uint8Array<ArrayBuffer>>> {
  if (tail === null) return accept(new Uint8Array());
  return openContent(tail, { runId, place: { kind: "tail" } }, contentKeys);
}

/** Opens what a program said about the failure of its run. */
export async function openQuote({ runId, quote, contentKeys }: KeptContent): Promise<Result<string | null>> {
  if (quote === null) return accept(null);
  const opened = await openContent(quote, { runId, place: { kind: "quote" } }, contentKeys);
  return opened.ok ? accept(new TextDecoder().decode(opened.value)) : opened;
}

/** Opens what a repository's commit is about; null where nothing is checked out. */
export async function openCommitAbout({
  runId,
  head,
  contentKeys,
}: RepositoryState & Pick<KeptContent, "runId" | "contentKeys">): Promise<Result<CommitAbout | null>> {
  if (head === null) return accept(null);
  const opened = await openContent(head.about, { runId, place: { kind: "commit" } }, contentKeys);
  if (!opened.ok) return opened;
  return accept(commitAboutSchema.parse(JSON.parse(new TextDecoder().decode(opened.value))));
}
