import type { CommitAbout, RepositoryState } from "@quarterdeck/core/protocol/result";
import type { RepositoryReading } from "../actions/repository-state.ts";
import type { RunSealer } from "./run-sealer.ts";

/** The state of a repository as a result says it: what a commit is about only its readers may know. */
export function sealRepository({ branch, head }: RepositoryReading, sealer: RunSealer): RepositoryState {
  if (head === null) return { branch, head };
  const { hash, committedAtMs, subject, author } = head;
  const about: CommitAbout = { subject, author };
  return { branch, head: { hash, committedAtMs, about: sealer.sealText(JSON.stringify(about), { kind: "commit" }) } };
}
