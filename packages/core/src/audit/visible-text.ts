/**
 * What can make a text look like another one: control characters (line breaks and the escapes of terminals among them), breaks of
 * lines and paragraphs, marks of direction, spaces without width, and halves of characters. What joins letters (ZWJ, ZWNJ) stays:
 * names and emoji need it.
 */
const deceptive = /[\p{Cc}\u00ad\u061c\u200b\u200e\u200f\u2028-\u202e\u2060-\u2069\ufeff\ufff9-\ufffb]|\p{Cs}/gu;

/** The same text with each character that deceives written out, like `\u202e`: it has one line, and reads as it is stored. */
export function visibleText(text: string): string {
  return text.replace(deceptive, (mark) => `\\u${mark.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
