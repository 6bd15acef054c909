/**
 * A share of an amount in whole percent, rounded down, computed in integers: no product leaves the safe integers.
 *
 * @param amount a safe integer of at least 0
 * @param percent a whole number from 0 to 1000
 * @returns at most 2^53 − 1, where the exact share would be above that
 * @throws RangeError when one of them is not that
 */
export function percentOf(amount: number, percent: number): number {
  if (!Number.isSafeInteger(amount) || amount < 0)
    throw new RangeError(`the amount ${amount} is no whole number from 0`);
  if (!Number.isInteger(percent) || percent < 0 || percent > 1000) {
    throw new RangeError(`the share of ${percent} % is no whole number from 0 to 1000`);
  }
  const rest = amount % 100;
  const share = ((amount - rest) / 100) * percent + Math.floor((rest * percent) / 100);
  return Math.min(share, Number.MAX_SAFE_INTEGER);
}
