import type { ShareRow } from "@quarterdeck/core/scheduling/scheduler";
import * as z from "zod";
import { readServer, updateServer } from "./server-record.ts";
import { readText, type Sql } from "./sql.ts";

/** A node below an org: the ids on the way to it, and the numbers of its row. */
const storedSchema = z.array(z.tuple([z.array(z.string()), z.number(), z.number(), z.number(), z.number()]));
type Stored = z.infer<typeof storedSchema>[number];

/** Ids hold no space. */
const separator = " ";

/** The nodes of one org in one band, by the rest of their path. */
type Group = Map<string, Stored>;

/**
 * The stored tree of shares. What changes below one org in one band is one row, and what is above stands in the row of the
 * server, so that a dispatch writes one row more instead of one for each level.
 */
export class StoredShares {
  readonly #sql: Sql;
  readonly #groups = new Map<string, Group>();

  constructor(sql: Sql) {
    this.#sql = sql;
    for (const row of sql.exec(`SELECT place, body FROM shares`).toArray()) {
      const nodes = storedSchema.parse(JSON.parse(readText(row, "body")));
      this.#groups.set(readText(row, "place"), new Map(nodes.map((node) => [node[0].join(separator), node])));
    }
  }

  rows(): ShareRow[] {
    const below = [...this.#groups].flatMap(([place, group]) =>
      [...group.values()].map(([rest, tag, virtual, openedAt, refundable]) => ({
        path: [...place.split(separator), ...rest],
        tag,
        virtual,
        openedAt,
        refundable,
      })),
    );
    return [...readServer(this.#sql).bandShares, ...below];
  }

  /** Writes what changed. Call it in the transaction of what changed it. */
  write({
    changed,
    gone,
  }: {
    readonly changed: readonly ShareRow[];
    readonly gone: readonly (readonly string[])[];
  }): void {
    const touched = new Set<string>();
    const group = (path: readonly string[]): Group => {
      const place = path.slice(0, 2).join(separator);
      touched.add(place);
      const known = this.#groups.get(place) ?? new Map<string, Stored>();
      this.#groups.set(place, known);
      return known;
    };
    const isAbove = (path: readonly string[]) => path.length < 2;
    for (const path of gone) if (!isAbove(path)) group(path).delete(path.slice(2).join(separator));
    for (const { path, tag, virtual, openedAt, refundable } of changed) {
      if (isAbove(path)) continue;
      const rest = path.slice(2);
      group(path).set(rest.join(separator), [rest, tag, virtual, openedAt, refundable]);
    }
    this.#writeBands(
      changed.filter(({ path }) => isAbove(path)),
      gone.filter(isAbove),
    );
    for (const place of touched) this.#writeGroup(place);
  }

  #writeBands(changed: readonly ShareRow[], gone: readonly (readonly string[])[]): void {
    if (changed.length + gone.length === 0) return;
    const bands = new Map(readServer(this.#sql).bandShares.map((row) => [row.path.join(separator), row]));
    for (const path of gone) bands.delete(path.join(separator));
    for (const row of changed) bands.set(row.path.join(separator), row);
    updateServer(this.#sql, { bandShares: [...bands.values()] });
  }

  #writeGroup(place: string): void {
    const nodes = [...(this.#groups.get(place)?.values() ?? [])];
    if (nodes.length === 0) {
      this.#groups.delete(place);
      this.#sql.exec(`DELETE FROM shares WHERE place = ?`, place);
      return;
    }
    this.#sql.exec(
      `INSERT INTO shares (place, body) VALUES (?, ?) ON CONFLICT (place) DO UPDATE SET body = excluded.body`,
      place,
      JSON.stringify(nodes),
    );
  }
}
