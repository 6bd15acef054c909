import type { Outcome } from "./play.ts";

/** A table in Markdown: a row for each tenant, and for each policy its waits, its share and how much of the server it used. */
export function describeOutcomes(outcomes: ReadonlyMap<string, Outcome>): string {
  const names = [...outcomes.keys()];
  const [first] = outcomes.values();
  const rows = (first?.tenants ?? []).map(({ name, tasks }, index) => [
    `${name} (${tasks} tasks)`,
    ...[...outcomes.values()].map(({ tenants }) => {
      const tenant = tenants[index];
      if (!tenant) return "";
      const { waitP50Ms, waitP99Ms, share, utilisation } = tenant;
      return `${seconds(waitP50Ms)} / ${seconds(waitP99Ms)}, ${percent(share)}, ${percent(utilisation)}`;
    }),
  ]);
  const used = ["of the server in use", ...[...outcomes.values()].map(({ utilisation }) => percent(utilisation))];
  const head = ["wait p50 / p99, share, of the server", ...names];
  return [head, head.map(() => "---"), ...rows, used].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function seconds(ms: number): string {
  return ms < 100_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`;
}

function percent(part: number): string {
  return `${Math.round(part * 100)} %`;
}
