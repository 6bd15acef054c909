/** Into the run, and out of it. Both have the same limit, each for itself. */
export const ways = ["received", "sent"] as const;
export type Way = (typeof ways)[number];

/** Bytes that a proxy passed on, since it began. */
export interface Counted {
  readonly received: number;
  readonly sent: number;
}

/** A line of a proxy: it wants to pass bytes on, wants nothing more, or says what it counted and which of the host's words it goes by. */
export type ProxyLine =
  | { readonly want: number; readonly way: Way; readonly bytes: number }
  | { readonly leave: number }
  | { readonly counted: Counted; readonly heard: number };

/**
 * A line of the host: how a proxy stands, or leave to pass bytes on. `share`: the bytes per second that it may pass each way while
 * the host cannot be asked, so that all proxies together stay within the limit; null: there is none.
 */
export type HostLine =
  | { readonly told: number; readonly isLimited: boolean; readonly share: number | null }
  | { readonly grant: number; readonly bytes: number };

/** No line is longer: who writes more is none of ours. */
const longestLine = 512;

/** Cuts what comes over a socket into lines of JSON. */
export class LineParser<T> {
  readonly #read: (line: unknown) => T;
  #rest = "";

  /** @param read throws when a line is of another form */
  constructor(read: (line: unknown) => T) {
    this.#read = read;
  }

  read(text: string): T[] {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    if (this.#rest.length > longestLine) throw new Error("a line is too long");
    return lines.map((line) => this.#read(JSON.parse(line)));
  }
}
