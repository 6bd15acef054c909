import { randomInt } from "node:crypto";
import { readFileSync } from "node:fs";
import * as z from "zod";
import { writeDurably } from "../durable-file.ts";
import { isGone } from "./group-files.ts";

/** Numbers that other people's tools are not likely to have given to their own projects. */
const firstId = 7_070_000;
/** Two bridges on one file system begin somewhere else each, or their projects would be counted together. */
const beginnings = 1_000_000_000;

const entrySchema = z.object({
  id: z.int().min(firstId),
  /** All that was in its folder counts under the number. */
  isCounted: z.boolean(),
});
const tableSchema = z.object({ next: z.int().min(firstId), entries: z.record(z.string(), entrySchema) });
type QuotaEntry = z.infer<typeof entrySchema>;

/**
 * Which number the file system counts a project under. A number is never given twice: files of a project that was removed
 * may still be there.
 */
export class QuotaIds {
  readonly #path: string;
  #table: z.infer<typeof tableSchema> = { next: firstId + randomInt(beginnings), entries: {} };

  /** Reads the table. Throws when it is damaged: numbers given anew would mix projects. */
  constructor(path: string) {
    this.#path = path;
    try {
      this.#table = tableSchema.parse(JSON.parse(readFileSync(path, "utf8")));
    } catch (error) {
      if (!isGone(error)) throw new Error(`the table of quota ids in ${path} cannot be read`, { cause: error });
    }
  }

  find(name: string): QuotaEntry | undefined {
    return this.#table.entries[name];
  }

  /** The number of this name, given and written down if it has none yet. */
  take(name: string): QuotaEntry {
    const known = this.find(name);
    if (known) return known;
    const { next } = this.#table;
    const entry = { id: next, isCounted: false };
    this.#write({ next: next + 1, entries: { ...this.#table.entries, [name]: entry } });
    return entry;
  }

  setCounted(name: string, isCounted: boolean): void {
    const entry = this.take(name);
    if (entry.isCounted === isCounted) return;
    const { next, entries } = this.#table;
    this.#write({ next, entries: { ...entries, [name]: { ...entry, isCounted } } });
  }

  #write(table: z.infer<typeof tableSchema>): void {
    writeDurably(this.#path, JSON.stringify(table));
    this.#table = table;
  }
}
