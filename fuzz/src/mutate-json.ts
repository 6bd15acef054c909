import type { Random } from "./random.ts";

type Json = null | boolean | number | string | Json[] | { [name: string]: Json };

/** Values that fit the grammar of JSON and nothing else. */
const hostileValues: readonly Json[] = [
  null,
  true,
  0,
  -1,
  0.5,
  1e300,
  2 ** 53,
  "",
  "\0",
  "x".repeat(3000),
  [],
  {},
  [[[[]]]],
  { type: "batch", frames: [] },
];
const hostileNames = ["__proto__", "constructor", "toString", "type", "epoch", "", "x"];
const nestedTimes = [1, 33, 500];
const repeats = [1, 1, 1, 70, 300];
/** Texts beyond this are only changed blindly: what was repeated would be repeated again. */
const longest = 16 * 1024;

function isObject(value: Json): value is { [name: string]: Json } {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

/** Sets a member even where its name is one that objects have from birth. */
function define(object: { [name: string]: Json }, name: string, value: Json): void {
  Object.defineProperty(object, name, { value, enumerable: true, configurable: true, writable: true });
}

/** Changes a value in one place, somewhere inside. `donor`: where other values are taken from. */
function changed(value: Json, donor: Json, random: Random): Json {
  if (isObject(value) && Object.keys(value).length > 0 && random.below(8) > 0) {
    const copy: { [name: string]: Json } = {};
    for (const [name, member] of Object.entries(value)) define(copy, name, member);
    const name = random.pick(Object.keys(copy));
    const what = random.below(10);
    if (what === 0) Reflect.deleteProperty(copy, name);
    else if (what === 1) define(copy, random.pick(hostileNames), random.pick(hostileValues));
    else define(copy, name, changed(copy[name] ?? null, donor, random));
    return copy;
  }
  if (Array.isArray(value) && value.length > 0 && random.below(8) > 0) {
    const copy = [...value];
    const at = random.below(copy.length);
    const what = random.below(10);
    if (what === 0) copy.splice(at, 1);
    else if (what === 1) copy.push(...repeated(copy[at] ?? null, random));
    else copy[at] = changed(copy[at] ?? null, donor, random);
    return copy;
  }
  return replacement(value, donor, random);
}

function repeated(value: Json, random: Random): Json[] {
  const most = Math.ceil(longest / JSON.stringify(value).length);
  return Array.from({ length: Math.min(most, random.pick(repeats)) }, () => value);
}

function replacement(value: Json, donor: Json, random: Random): Json {
  switch (random.below(6)) {
    case 0:
      return somewhereIn(donor, random);
    case 1:
      return typeof value === "number" ? random.pick([value + 1, value - 1, -value, value * 1e6]) : [value];
    case 2:
      return typeof value === "string" ? value + random.pick(["", " ", "A", value]).slice(0, 5000) : value;
    default:
      return random.pick(hostileValues);
  }
}

function somewhereIn(value: Json, random: Random): Json {
  if (typeof value !== "object" || value === null || random.below(3) === 0) return value;
  const members = Object.values(value);
  return members.length === 0 ? value : somewhereIn(random.pick(members), random);
}

function parse(text: string): Json | undefined {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return undefined; // Blind mutations have made it something else than JSON.
  }
}

/** Changes a JSON text so that it stays JSON: another value, a member more or less, one twice, deep nesting. */
export function mutateJson(text: string, donorText: string, random: Random): string | undefined {
  const isTooDeep = text.includes("[".repeat(500)) || text.includes('":{'.repeat(500));
  const value = text.length > longest || isTooDeep ? undefined : parse(text);
  if (value === undefined) return undefined;
  const result = JSON.stringify(changed(value, parse(donorText) ?? null, random));
  switch (random.below(12)) {
    case 0: {
      const times = random.pick(nestedTimes);
      return `${"[".repeat(times)}${result}${"]".repeat(times)}`;
    }
    case 1: // The first member once more, with the value of another.
      return result.replace(/^\{("(?:[^"\\]|\\.)*":)/, `{$1${JSON.stringify(random.pick(hostileValues))},$1`);
    case 2:
      return result.replaceAll(",", " ,\n\t");
    default:
      return result;
  }
}
