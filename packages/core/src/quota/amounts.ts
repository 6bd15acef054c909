import { accept, refuse, type Result } from "../errors/result.ts";

/** One whole number for each resource of a list, in its order. */
export type Vector = Float64Array;

/** What a limit of "none" is in a vector: every amount fits, up to {@link mostHeld}. */
export const noLimit = Number.POSITIVE_INFINITY;

/** No node holds more of a resource than this, also without a limit: above it, numbers are not exact any more. */
export const mostHeld = Number.MAX_SAFE_INTEGER;

/** Whether two vectors of one list are the same. */
export function isSameVector(a: Vector, b: Vector): boolean {
  if (a.length !== b.length) return false;
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/**
 * The resources that a tree counts, in a fixed order. Amounts come in by name, are checked once, and are vectors from
 * then on.
 */
export class ResourceList<Name extends string> {
  readonly names: readonly Name[];

  constructor(names: readonly Name[]) {
    if (names.length === 0 || new Set(names).size !== names.length) throw new Error("resources need different names");
    this.names = names;
  }

  /**
   * Amounts by name as a vector. A resource that is not named is 0.
   *
   * @returns `BAD_REQUEST` for an unknown resource, and for an amount that is negative, fractional, not a number or
   *   above 2^53 - 1
   */
  vector(amounts: Readonly<Partial<Record<Name, number | undefined>>>): Result<Vector> {
    return this.#read(amounts, 0);
  }

  /**
   * Limits by name as a vector. A resource that is not named has no limit.
   *
   * @returns `BAD_REQUEST` as {@link vector} does
   */
  limits(limits: Readonly<Partial<Record<Name, number | undefined>>>): Result<Vector> {
    return this.#read(limits, noLimit);
  }

  /** Checks amounts that come in as a vector already, as {@link vector} does those by name. */
  checkVector(vector: Vector): Result<Vector> {
    return this.#check(vector, false);
  }

  /** Checks limits that come in as a vector already. */
  checkLimits(limits: Vector): Result<Vector> {
    return this.#check(limits, true);
  }

  /** A vector as amounts by name; a resource without a limit is left out. */
  amounts(vector: Vector): Partial<Record<Name, number>> {
    const amounts: Partial<Record<Name, number>> = {};
    this.names.forEach((name, i) => {
      if (vector[i] !== noLimit) amounts[name] = vector[i] ?? 0;
    });
    return amounts;
  }

  #read(amounts: Readonly<Partial<Record<Name, number | undefined>>>, missing: number): Result<Vector> {
    const vector = new Float64Array(this.names.length).fill(missing);
    for (const [name, amount] of Object.entries<number | undefined>(amounts)) {
      const i = this.names.indexOf(name as Name);
      if (i < 0) return refuse("BAD_REQUEST", `there is no resource ${name}; there are ${this.names.join(", ")}`);
      if (amount === undefined) continue;
      if (!isAmount(amount)) return refuseAmount(name, amount);
      vector[i] = amount + 0; // -0 is 0.
    }
    return accept(vector);
  }

  #check(vector: Vector, areLimits: boolean): Result<Vector> {
    const { names } = this;
    if (vector.length !== names.length) {
      return refuse("BAD_REQUEST", `${vector.length} amounts were given; there are ${names.length} resources`);
    }
    for (let i = 0; i < vector.length; i++) {
      const amount = vector[i] as number;
      const isRight = areLimits ? isLimit(amount) : isAmount(amount);
      if (!isRight) return refuseAmount(names[i] as string, amount);
    }
    return accept(vector);
  }
}

/** Whether a limit in a vector is one: an amount, or none. */
export function isLimit(amount: number): boolean {
  return isAmount(amount) || amount === noLimit;
}

function isAmount(amount: number): boolean {
  return Number.isSafeInteger(amount) && amount >= 0;
}

function refuseAmount(name: string, amount: number) {
  return refuse("BAD_REQUEST", `${name} must be a whole number from 0 to ${Number.MAX_SAFE_INTEGER}, not ${amount}`);
}
