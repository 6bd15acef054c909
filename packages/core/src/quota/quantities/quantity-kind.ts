import { accept, refuse, type Result } from "../../errors/result.ts";
import { parseExactDecimal, printExactDecimal, type Scale } from "./exact-decimal.ts";

/** How one unit is written, and what it is worth. */
interface Unit {
  readonly scale: Scale;
  /** The first is how it is printed. The empty one is a number alone. */
  readonly spellings: readonly [string, ...string[]];
}

/** What one kind of quantity is counted in. */
interface QuantityWords {
  /** What is written, for people: `cpu`. */
  readonly name: string;
  /** What is counted, for people: `millicores`. */
  readonly smallest: string;
  /** For people who wrote something else: `500m, 2 or 0.5`. */
  readonly examples: string;
  readonly units: readonly Unit[];
  /** Spellings that mean different things to different people, and what to write instead. */
  readonly ambiguous?: Readonly<Record<string, string>>;
}

/** A unit worth `numerator` / `denominator` base units. */
export function unit(numerator: number, spellings: Unit["spellings"], denominator = 1): Unit {
  return { scale: { numerator: BigInt(numerator), denominator: BigInt(denominator) }, spellings };
}

/** What people write is a number and a unit, with or without a space between them. */
const shape = /^(?<number>[^A-Za-z]*?) ?(?<unit>[A-Za-z][A-Za-z/]*)?$/;
const longestText = 64;

/** Reads and prints one kind of quantity, as integers of its smallest unit. Spellings are case-sensitive: `m` is not `M`. */
export class QuantityKind {
  readonly #words: QuantityWords;
  readonly #scales: ReadonlyMap<string, Scale>;
  readonly #ambiguous: ReadonlyMap<string, string>;

  constructor(words: QuantityWords) {
    this.#words = words;
    this.#scales = new Map(words.units.flatMap(({ spellings, scale }) => spellings.map((name) => [name, scale])));
    this.#ambiguous = new Map(Object.entries(words.ambiguous ?? {}));
  }

  /**
   * Reads what a person wrote. Nothing is rounded: what is not a whole number of the smallest unit is refused.
   *
   * @returns whole smallest units from 0 to 2^53 − 1, or `BAD_REQUEST` with a text that says what is wrong and what to write
   */
  parse(text: string): Result<number> {
    const trimmed = text.trim();
    if (trimmed === "") return this.#refuse(trimmed, "nothing was written");
    if (trimmed.length > longestText) return this.#refuse(`${trimmed.slice(0, longestText)}…`, "it is too long");
    if (/^[-−]/.test(trimmed)) return this.#refuse(trimmed, "it is negative");
    const { number = trimmed, unit: spelling = "" } = shape.exec(trimmed)?.groups ?? {};
    const instead = this.#ambiguous.get(spelling);
    if (instead !== undefined) return this.#refuse(trimmed, `"${spelling}" can be read in two ways; write ${instead}`);
    const scale = this.#scales.get(spelling);
    if (scale === undefined) {
      const known = [...this.#scales.keys()].filter((name) => name !== "").join(", ");
      const why = spelling === "" ? "it has no unit" : `"${spelling}" is not a unit of it`;
      return this.#refuse(trimmed, `${why}; the units are ${known}`);
    }
    const parsed = parseExactDecimal(number, scale);
    return parsed.ok ? accept(parsed.value) : this.#refuse(trimmed, parsed.error.message);
  }

  /**
   * Writes the shortest text that `parse` reads as exactly this value; of texts of one length the one with the shortest
   * number, then the one of the smaller unit.
   *
   * @param value whole smallest units
   * @throws RangeError when it is not a safe integer of at least 0
   */
  print(value: number): string {
    if (!Number.isSafeInteger(value) || value < 0) {
      throw new RangeError(`${this.#words.name}: ${value} is not a whole number from 0 to 2^53 − 1`);
    }
    let best: Printed | null = null;
    for (const { scale, spellings } of this.#words.units) {
      const number = printExactDecimal(value, scale);
      if (number === null) continue;
      const printed = { number, text: `${number}${separator(spellings[0])}${spellings[0]}` };
      if (best === null || isBetter(printed, best)) best = printed;
    }
    if (best === null) throw new Error(`${this.#words.name} has no unit that every value can be written in`);
    return best.text;
  }

  #refuse(text: string, why: string): Result<never> {
    const { name, smallest, examples } = this.#words;
    return refuse("BAD_REQUEST", `${name} "${text}": ${why}. Write ${examples}; it is counted in whole ${smallest}.`);
  }
}

/** `500m` and `10Gi`, but `10 Mbit/s`: what is more than a suffix stands apart. */
function separator(spelling: string): string {
  return spelling.includes("/") ? " " : "";
}

interface Printed {
  readonly number: string;
  readonly text: string;
}

function isBetter({ number, text }: Printed, than: Printed): boolean {
  if (text.length !== than.text.length) return text.length < than.text.length;
  return number.length < than.number.length;
}
