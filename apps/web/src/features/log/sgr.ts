/** How a stretch of terminal text looks (ECMA-48, SGR): a palette index, `#rrggbb`, or nothing. */
export interface SgrStyle {
  readonly color: string | null;
  readonly background: string | null;
  readonly isBold: boolean;
  readonly isDim: boolean;
  readonly isItalic: boolean;
  readonly isUnderlined: boolean;
  readonly isInverse: boolean;
}

export interface StyledText {
  readonly text: string;
  readonly style: SgrStyle;
}

export const plain: SgrStyle = {
  color: null,
  background: null,
  isBold: false,
  isDim: false,
  isItalic: false,
  isUnderlined: false,
  isInverse: false,
};

// Control sequences, operating system commands (titles, links), two-character escapes, other control characters.
const escapes =
  // oxlint-disable-next-line no-control-regex -- control characters are what it finds
  /\u001b\[([0-?]*)[ -/]*([@-~])|\u001b\][^\u0007\u001b]*(?:\u0007|\u001b\\)?|\u001b[ -/]*[0-~]?|[\u0000-\u0008\u000b-\u001f\u007f]/g;

/** Cuts a line into stretches of one look. Everything of a terminal that is not text or colour is left out. */
export function parseSgr(line: string, startsWith: SgrStyle): { parts: StyledText[]; endsWith: SgrStyle } {
  const parts: StyledText[] = [];
  let style = startsWith;
  let from = 0;
  for (const match of line.matchAll(escapes)) {
    if (match.index > from) parts.push({ text: line.slice(from, match.index), style });
    from = match.index + match[0].length;
    if (match[2] === "m") style = applySgr(style, match[1] ?? "");
  }
  if (from < line.length) parts.push({ text: line.slice(from), style });
  return { parts, endsWith: style };
}

/** The look at the end of a line; cheap for the many lines without any escape. */
export function styleAfter(line: string, startsWith: SgrStyle): SgrStyle {
  return line.includes("\u001b") ? parseSgr(line, startsWith).endsWith : startsWith;
}

function applySgr(style: SgrStyle, parameters: string): SgrStyle {
  const codes = parameters.split(/[;:]/).map((text) => (text === "" ? 0 : Number(text)));
  let next = style;
  for (let i = 0; i < codes.length; i++) {
    const code = codes[i] ?? 0;
    if (code === 38 || code === 48) {
      const { color, used } = extendedColor(codes.slice(i + 1));
      if (color !== null) next = code === 38 ? { ...next, color } : { ...next, background: color };
      i += used;
    } else next = applyCode(next, code);
  }
  return next;
}

function applyCode(style: SgrStyle, code: number): SgrStyle {
  if (code >= 30 && code <= 37) return { ...style, color: paletteColor(code - 30) };
  if (code >= 90 && code <= 97) return { ...style, color: paletteColor(code - 90) };
  if (code >= 40 && code <= 47) return { ...style, background: paletteColor(code - 40) };
  if (code >= 100 && code <= 107) return { ...style, background: paletteColor(code - 100) };
  switch (code) {
    case 0:
      return plain;
    case 1:
      return { ...style, isBold: true };
    case 2:
      return { ...style, isDim: true };
    case 3:
      return { ...style, isItalic: true };
    case 4:
      return { ...style, isUnderlined: true };
    case 7:
      return { ...style, isInverse: true };
    case 22:
      return { ...style, isBold: false, isDim: false };
    case 23:
      return { ...style, isItalic: false };
    case 24:
      return { ...style, isUnderlined: false };
    case 27:
      return { ...style, isInverse: false };
    case 39:
      return { ...style, color: null };
    case 49:
      return { ...style, background: null };
    default:
      return style;
  }
}

/** The eight colours are ours (main.css), so that they can be read on both backgrounds. */
function paletteColor(index: number): string {
  return `var(--ansi-${index})`;
}

function extendedColor(rest: readonly number[]): { color: string | null; used: number } {
  const byte = (value: number | undefined) => Math.min(255, Math.max(0, Math.trunc(value ?? 0) || 0));
  if (rest[0] === 2) return { color: `rgb(${byte(rest[1])} ${byte(rest[2])} ${byte(rest[3])})`, used: 4 };
  if (rest[0] !== 5) return { color: null, used: 0 };
  const index = byte(rest[1]);
  if (index < 16) return { color: paletteColor(index % 8), used: 2 };
  if (index >= 232) return { color: grey((index - 232) * 10 + 8), used: 2 };
  const level = (step: number) => (step === 0 ? 0 : step * 40 + 55);
  const cube = index - 16;
  return {
    color: `rgb(${level(Math.floor(cube / 36))} ${level(Math.floor(cube / 6) % 6)} ${level(cube % 6)})`,
    used: 2,
  };
}

function grey(level: number): string {
  return `rgb(${level} ${level} ${level})`;
}
