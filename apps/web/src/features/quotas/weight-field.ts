const heaviest = 1000;

/** A weight as a person writes it; null where it is none. */
export function readWeight(text: string): number | null {
  const weight = /^\d{1,4}$/.test(text.trim()) ? Number(text) : 0;
  return weight >= 1 && weight <= heaviest ? weight : null;
}
