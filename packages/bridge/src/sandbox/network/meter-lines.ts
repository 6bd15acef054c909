import * as z from "zod";

/** Into the run, and out of it. Both have the same limit, each for itself. */
export const ways = ["received", "sent"] as const;
export type Way = (typeof ways)[number];

const bytes = z.int().min(0);
const countedSchema = z.strictObject({ received: bytes, sent: bytes });
/** Bytes that a proxy passed on, since it began. */
export type Counted = z.infer<typeof countedSchema>;

/** A line of a proxy: it wants to pass bytes on, wants nothing more, or says what it counted and which of the host's words it goes by. */
export const proxyLineSchema = z.union([
  z.strictObject({ want: z.int().min(1), way: z.enum(ways), bytes: z.int().min(1) }),
  z.strictObject({ leave: z.int().min(1) }),
  z.strictObject({ counted: countedSchema, heard: z.int().min(0) }),
]);
export type ProxyLine = z.infer<typeof proxyLineSchema>;

/**
 * A line of the host: how a proxy stands, or leave to pass bytes on. `share`: the bytes per second that it may pass each way while
 * the host cannot be asked, so that all proxies together stay within the limit; null: there is none.
 */
export const hostLineSchema = z.union([
  z.strictObject({ told: z.int().min(1), isLimited: z.boolean(), share: z.int().min(0).nullable() }),
  z.strictObject({ grant: z.int().min(1), bytes: z.int().min(1) }),
]);
export type HostLine = z.infer<typeof hostLineSchema>;

/** No line is longer: who writes more is no proxy of ours. */
const longestLine = 512;

/** Cuts what comes over a socket into lines, and reads each by its schema. @throws when one is of another form */
export class LineParser<T> {
  readonly #schema: z.ZodType<T>;
  #rest = "";

  constructor(schema: z.ZodType<T>) {
    this.#schema = schema;
  }

  read(text: string): T[] {
    const lines = (this.#rest + text).split("\n");
    this.#rest = lines.pop() ?? "";
    if (this.#rest.length > longestLine) throw new Error("a line is too long");
    return lines.map((line) => this.#schema.parse(JSON.parse(line)));
  }
}
