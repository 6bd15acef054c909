import { trustedKeys, type KeySet } from "@quarterdeck/core/protocol/key-set";

/** What an operator may do with the platform's keys. */
export const keyChanges = ["rotate", "retire", "revokeCurrent", "revokeNext", "revokePrevious"] as const;
export type KeyChange = (typeof keyChanges)[number];

const mostRevoked = 32;

/**
 * The set of keys after a change.
 *
 * @param fresh a new public key, for the changes that need one
 * @returns the set, or why there is none
 */
export function keysAfter(set: KeySet, change: KeyChange, fresh: string): KeySet | string {
  const { current, next, previous, revoked } = set;
  const version = set.version + 1;
  const revoking = (key: string) => [...revoked, key].slice(-mostRevoked);
  switch (change) {
    case "rotate":
      return { version, current: next, next: fresh, previous: current, revoked };
    case "retire":
      return previous === null ? "There is no old key: it has been retired." : { ...set, version, previous: null };
    case "revokeCurrent":
      return { version, current: next, next: fresh, previous: null, revoked: revoking(current) };
    case "revokeNext":
      return { ...set, version, next: fresh, revoked: revoking(next) };
    case "revokePrevious":
      return previous === null
        ? "There is no old key: it has been retired, so no server obeys it."
        : { ...set, version, previous: null, revoked: revoking(previous) };
  }
}

/** How a server stands that took `version` of the keys last: `history` holds the sets that are known, oldest first. */
export type KeyStanding = "current" | "behind" | "lost";

/** A server that is behind learns the rest when it connects; a lost one trusts no key that vouches for the relay now. */
export function standingOf(version: number, set: KeySet, history: readonly KeySet[]): KeyStanding {
  if (version >= set.version) return "current";
  const known = history.find((other) => other.version === version);
  return known && trustedKeys(known).includes(set.current) ? "behind" : "lost";
}

/** Whether a change must wait for a server: afterwards it would refuse what it still needs, or could not connect at all. */
export function isHeldBack(
  change: KeyChange,
  server: { readonly version: number },
  { before, after, history }: { before: KeySet; after: KeySet; history: readonly KeySet[] },
): boolean {
  if (standingOf(server.version, before, history) === "lost") return false; // Nothing changes for it.
  if (change === "retire") return server.version < before.version;
  return change === "rotate" && standingOf(server.version, after, history) === "lost";
}
