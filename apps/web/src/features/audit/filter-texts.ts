/** What somebody wrote into the fields of the filter. */
export interface FilterTexts {
  readonly search: string;
  readonly actor: string;
  readonly action: string;
  readonly subject: string;
  readonly outcome: string;
  /** Days, like 2026-11-23, of the person's own calendar. */
  readonly from: string;
  readonly to: string;
}

export const emptyFilter: FilterTexts = {
  search: "",
  actor: "",
  action: "",
  subject: "",
  outcome: "",
  from: "",
  to: "",
};

export interface AuditFilterInput {
  search?: string;
  actor?: string;
  action?: string;
  subject?: string;
  outcome?: "done" | "refused";
  fromMs?: number;
  toMs?: number;
}

/** What the platform is asked for: only what was filled in, and days as their first millisecond and that of the day after. */
export function toFilterInput(texts: FilterTexts): AuditFilterInput {
  const input: AuditFilterInput = {};
  for (const name of ["search", "actor", "action", "subject"] as const) {
    const text = texts[name].trim();
    if (text !== "") input[name] = text;
  }
  if (texts.outcome === "done" || texts.outcome === "refused") input.outcome = texts.outcome;
  const [from, to] = [startOfDay(texts.from, 0), startOfDay(texts.to, 1)];
  if (from !== null) input.fromMs = from;
  if (to !== null) input.toMs = to;
  return input;
}

/** The address of an export of the same entries. */
export function exportUrl(kind: "ndjson" | "csv", input: AuditFilterInput): string {
  const query = new URLSearchParams(Object.entries(input).map(([name, value]) => [name, String(value)]));
  return query.size === 0 ? `/downloads/audit.${kind}` : `/downloads/audit.${kind}?${query.toString()}`;
}

function startOfDay(day: string, later: number): number | null {
  const [, year, month, date] = /^(\d{4})-(\d\d)-(\d\d)$/.exec(day) ?? [];
  if (year === undefined) return null;
  const atMs = new Date(Number(year), Number(month) - 1, Number(date) + later).getTime();
  return Math.max(0, atMs);
}
