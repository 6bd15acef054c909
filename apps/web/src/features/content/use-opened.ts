import { useQuery } from "@tanstack/react-query";
import type { Result } from "@quarterdeck/core/errors/result";
import type { CommitAbout } from "@quarterdeck/core/protocol/result";
import { openCommitAbout, openQuote, openTail } from "@quarterdeck/core/protocol/kept-content";
import type { ProjectView, TaskDetail } from "../../api/views.ts";

/** Opens what the platform keeps sealed; undefined while that is done. What was opened once stays open. */
function useOpened<T>(
  name: readonly unknown[],
  open: () => Promise<Result<T>>,
  options: { readonly isWanted: boolean },
): Result<T> | undefined {
  const { data } = useQuery({
    queryKey: ["opened", ...name],
    queryFn: open,
    enabled: options.isWanted,
    staleTime: Number.POSITIVE_INFINITY,
    networkMode: "always", // It needs no network.
  });
  return data;
}

/** The end of an ended run's output. */
export function useTail(task: TaskDetail): Result<Uint8Array> | undefined {
  const { runId, state, tail, contentKeys } = task;
  const epochs = contentKeys.map(({ epoch }) => epoch);
  return useOpened(["tail", runId, tail, epochs], () => openTail(task), { isWanted: state === "ended" });
}

/** What a program said about a failure. */
export function useQuote(task: TaskDetail): Result<string | null> | undefined {
  const { runId, quote, contentKeys } = task;
  const epochs = contentKeys.map(({ epoch }) => epoch);
  return useOpened(["quote", runId, quote, epochs], () => openQuote(task), { isWanted: quote !== null });
}

/** What the checked out commit of a project is about. */
export function useCommitAbout({ repository }: ProjectView): Result<CommitAbout | null> | undefined {
  const epochs = repository?.contentKeys.map(({ epoch }) => epoch);
  return useOpened(
    ["commit", repository?.runId, repository?.head?.about, epochs],
    () => (repository === null ? Promise.resolve({ ok: true, value: null }) : openCommitAbout(repository)),
    { isWanted: repository !== null },
  );
}
