import type { Outcome } from "./play.ts";

/** A table in Markdown: a row for each tenant, and for each policy its waits and its share. */
export function describeOutcomes(outcomes: ReadonlyMap<string, Outcome>): string {
  const names = [...outcomes.keys()];
  const [first] = outcomes.values();
  const rows = (first?.tenants ?? []).map(({ name, tasks }, index) => [
    `${name} (${tasks} tasks)`,
    ...[...outcomes.values()].map(({ tenants }) => {
      const tenant = tenants[index];
      if (!tenant) return "";
      return `${seconds(tenant.waitP50Ms)} / ${seconds(tenant.waitP99Ms)}, ${Math.round(tenant.share * 100)} %`;
    }),
  ]);
  const used = [
    "of the server in use",
    ...[...outcomes.values()].map(({ utilisation }) => `${Math.round(utilisation * 100)} %`),
  ];
  const head = ["wait p50 / p99, share", ...names];
  return [head, head.map(() => "---"), ...rows, used].map((cells) => `| ${cells.join(" | ")} |`).join("\n");
}

function seconds(ms: number): string {
  return ms < 100_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`;
}
