import type { ServerId } from "@quarterdeck/core/ids";

/** Of an org with many servers so many are told at a time: more of them would know the same. */
export const witnessesAtOnce = 4;

/** Who is told now: those that were told longest ago, so that all take turns. */
export function chooseWitnesses(
  possible: readonly ServerId[],
  toldAtMs: ReadonlyMap<ServerId, number>,
): readonly ServerId[] {
  const when = (serverId: ServerId) => toldAtMs.get(serverId) ?? Number.NEGATIVE_INFINITY;
  return possible.toSorted((a, b) => when(a) - when(b) || (a < b ? -1 : 1)).slice(0, witnessesAtOnce);
}
