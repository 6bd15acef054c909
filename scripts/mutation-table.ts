/** What was measured of one file. */
export interface MutationRow {
  /** Below `packages/core/src`. */
  readonly file: string;
  readonly mutants: number;
  readonly killed: number;
  readonly survived: number;
  readonly date: string;
  readonly commit: string;
}

/** As far as it is used here, the report that Stryker writes. */
export interface MutationReport {
  readonly files: Readonly<Record<string, { readonly mutants: readonly { readonly status: string }[] }>>;
}

const killedBy: readonly string[] = ["Killed", "Timeout"];
/** Code that no test runs is code that no test sees a change of. */
const survivedBy: readonly string[] = ["Survived", "NoCoverage"];
const headings = ["file", "mutants", "killed", "survived", "score", "date", "commit"];
const source = "src/";

/** The rows of the files that were asked for: a report may also have others, from an earlier run. */
export function rowsOf(
  { files }: MutationReport,
  asked: readonly string[],
  { date, commit }: Pick<MutationRow, "date" | "commit">,
): MutationRow[] {
  return asked.flatMap((path) => {
    const mutants = files[path]?.mutants;
    if (!mutants) return [];
    const count = (of: readonly string[]) => mutants.filter(({ status }) => of.includes(status)).length;
    const [killed, survived] = [count(killedBy), count(survivedBy)];
    return [{ file: path.slice(source.length), mutants: killed + survived, killed, survived, date, commit }];
  });
}

/** Puts newly measured rows into a page with a table of them, in the place of older ones of the same files. */
export function updatePage(page: string, measured: readonly MutationRow[]): string {
  const lines = page.split("\n");
  const first = lines.findIndex((line) => line.startsWith("| file"));
  if (first < 0) throw new Error("the page has no table of files");
  const length = lines.slice(first).findIndex((line) => !line.startsWith("|"));
  const end = length < 0 ? lines.length : first + length;
  const rows = new Map(
    lines
      .slice(first + 2, end)
      .flatMap((line) => readRow(line))
      .map((row) => [row.file, row]),
  );
  for (const row of measured) rows.set(row.file, row);
  const sorted = [...rows.values()].toSorted((a, b) => (a.file < b.file ? -1 : 1));
  return [...lines.slice(0, first), ...table(sorted), ...lines.slice(end)].join("\n");
}

/** The share of what was killed; a file in which nothing can be changed has none. */
function score(killed: number, survived: number): string {
  return killed + survived === 0 ? "–" : `${((100 * killed) / (killed + survived)).toFixed(1)} %`;
}

function readRow(line: string): MutationRow[] {
  const [, file = "", mutants, killed, survived, , date = "", commit = ""] = line.split("|").map((cell) => cell.trim());
  if (!file.startsWith("`")) return []; // The sum.
  const numbers = { mutants: Number(mutants), killed: Number(killed), survived: Number(survived) };
  return [{ file: file.slice(1, -1), ...numbers, date, commit }];
}

function table(rows: readonly MutationRow[]): string[] {
  const sum = (of: "mutants" | "killed" | "survived") => rows.reduce((total, row) => total + row[of], 0);
  const cells = [
    headings,
    ...rows.map((row) => [
      `\`${row.file}\``,
      `${row.mutants}`,
      `${row.killed}`,
      `${row.survived}`,
      score(row.killed, row.survived),
      row.date,
      row.commit,
    ]),
    [
      `all ${rows.length}`,
      `${sum("mutants")}`,
      `${sum("killed")}`,
      `${sum("survived")}`,
      score(sum("killed"), sum("survived")),
      "",
      "",
    ],
  ];
  const widths = headings.map((_, column) => Math.max(...cells.map((line) => line[column]?.length ?? 0)));
  const isNumber = (column: number) => column >= 1 && column <= 4;
  const print = (line: readonly string[]) =>
    `| ${line.map((cell, column) => (isNumber(column) ? cell.padStart(widths[column] ?? 0) : cell.padEnd(widths[column] ?? 0))).join(" | ")} |`;
  const rule = `| ${widths.map((width, column) => (isNumber(column) ? `${"-".repeat(width - 1)}:` : "-".repeat(width))).join(" | ")} |`;
  return cells.flatMap((line, at) => (at === 0 ? [print(line), rule] : [print(line)]));
}
