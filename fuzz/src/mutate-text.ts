import type { Random } from "./random.ts";

/** Pieces of text that parsers have stumbled over. */
const hostileTexts = [
  "",
  "\0",
  "\u2028",
  "\ud800",
  "\u202e",
  "\ufeff",
  "é",
  "𝕏",
  "%00",
  "../",
  "--",
  "\\",
  "\\u0000",
  '"',
  "'",
  "\n",
  "\u001b[",
  "\u001b]8;;",
  "__proto__",
  "-0",
  "1e999",
  "9007199254740993",
  "[".repeat(40),
  '{"a":'.repeat(40),
] as const;

type TextMutation = (text: string, random: Random) => string;

const longest = 4096;

function range(text: string, random: Random): { from: number; to: number } {
  const from = random.below(text.length + 1);
  return { from, to: Math.min(text.length, from + random.below(random.pick([2, 16, 256, longest]))) };
}

const mutations: readonly TextMutation[] = [
  function insert(text, random) {
    const { from } = range(text, random);
    return text.slice(0, from) + random.pick(hostileTexts) + text.slice(from);
  },
  function replace(text, random) {
    const { from, to } = range(text, random);
    return text.slice(0, from) + random.pick(hostileTexts) + text.slice(to);
  },
  function remove(text, random) {
    const { from, to } = range(text, random);
    return text.slice(0, from) + text.slice(to);
  },
  function repeat(text, random) {
    const { from, to } = range(text, random);
    const times = random.pick([1, 2, 100]);
    return text.slice(0, to) + text.slice(from, to).repeat(times).slice(0, longest) + text.slice(to);
  },
  function move(text, random) {
    const { from, to } = range(text, random);
    const rest = text.slice(0, from) + text.slice(to);
    const at = random.below(rest.length + 1);
    return rest.slice(0, at) + text.slice(from, to) + rest.slice(at);
  },
  function flipBit(text, random) {
    if (text === "") return text;
    const at = random.below(text.length);
    const code = text.charCodeAt(at) ^ (1 << random.below(8));
    return text.slice(0, at) + String.fromCharCode(code) + text.slice(at + 1);
  },
  function cutShort(text, random) {
    return text.slice(0, random.below(text.length + 1));
  },
];

/** One small, blind change of a text. */
export function mutateText(text: string, random: Random): string {
  return random.pick(mutations)(text, random);
}
