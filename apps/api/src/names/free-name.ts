import { maxNameLength } from "@quarterdeck/core/actions/names";
import { areAlike, nameKeys } from "./name-keys.ts";

/** A name that nobody can take for one of those: the wish, or the wish with the first number that makes it another. */
export function freeName(wish: string, taken: readonly string[]): string {
  const others = taken.map(nameKeys);
  for (let number = 1; ; number++) {
    const suffix = number === 1 ? "" : ` ${number}`;
    const name = `${[...wish].slice(0, maxNameLength - suffix.length).join("")}${suffix}`;
    const keys = nameKeys(name);
    if (!others.some((other) => areAlike(other, keys))) return name;
  }
}
