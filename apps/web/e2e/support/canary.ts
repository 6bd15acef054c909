/** A secret that is looked for in everything that should not hold it. */
export interface Canary {
  readonly text: string;
  /** Whether some bytes hold it: plain, in hexadecimal, or in base64 wherever in a longer text it stood. */
  isIn(haystack: Buffer | string): boolean;
}

export function makeCanary(name: string): Canary {
  const text = `${name}-${Buffer.from(crypto.getRandomValues(new Uint8Array(18))).toString("hex")}`;
  const bytes = Buffer.from(text);
  const base64 = [0, 1, 2].flatMap((before) => {
    // The characters at both ends also hold bits of the neighbours, so they are left out.
    const encoded = Buffer.concat([Buffer.alloc(before), bytes])
      .toString("base64")
      .replaceAll("=", "");
    const inner = encoded.slice(before === 0 ? 0 : before + 1, -1);
    return [inner, inner.replaceAll("+", "-").replaceAll("/", "_")];
  });
  const forms = [text, bytes.toString("hex"), bytes.toString("hex").toUpperCase(), ...base64];
  return { text, isIn: (haystack) => forms.some((form) => haystack.includes(form)) };
}
