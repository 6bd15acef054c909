import { randomBytes } from "node:crypto";

/** A secret that is looked for in everything that should not hold it. */
export interface Canary {
  readonly name: string;
  readonly text: string;
}

/** One that is written otherwise in each encoding. */
export function makeCanary(name: string): Canary {
  return { name, text: `${name} +=é ${randomBytes(18).toString("hex")}` };
}

/** Whether some bytes hold it: plain, escaped as JSON, encoded for a URL, in hexadecimal, or in base64 wherever it stood. */
export function holdsCanary(haystack: Buffer | string, { text }: Canary): boolean {
  const bytes = Buffer.from(text);
  const base64 = [0, 1, 2].flatMap((before) => {
    const encoded = Buffer.concat([Buffer.alloc(before), bytes])
      .toString("base64")
      .replaceAll("=", "");
    // The characters at both ends also hold bits of the neighbours.
    const inner = encoded.slice(before === 0 ? 0 : before + 1, -1);
    return [inner, inner.replaceAll("+", "-").replaceAll("/", "_")];
  });
  const hex = bytes.toString("hex");
  const encoded = [encodeURIComponent(text), encodeURI(text), new URLSearchParams({ a: text }).toString().slice(2)];
  return [text, JSON.stringify(text).slice(1, -1), ...encoded, hex, hex.toUpperCase(), ...base64].some((form) =>
    haystack.includes(form),
  );
}
