/** A line in words: its newest number, its mean and its highest; null where it has none. */
export function summarize(
  values: readonly (number | null)[],
  format: (value: number) => string,
): { readonly now: string; readonly mean: string; readonly most: string } | null {
  const known = values.filter((value) => value !== null);
  const now = known.at(-1);
  if (now === undefined) return null;
  const sum = known.reduce((total, value) => total + value, 0);
  const most = known.reduce((highest, value) => Math.max(highest, value));
  return { now: format(now), mean: format(sum / known.length), most: format(most) };
}
