import { expect, test } from "vitest";
import { rowsOf, updatePage } from "./mutation-table.ts";

const mutants = (...statuses: string[]) => ({ mutants: statuses.map((status) => ({ status })) });
const [first, second] = [
  { date: "2026-11-22", commit: "aaaaaaa" },
  { date: "2026-11-23", commit: "bbbbbbb" },
];
const page = "# Title\n\n| file |\n| ---- |\n\nWhat is below.\n";

test("counts what time-outs killed as killed, and what no test runs as survived; what could not be tried is left out", () => {
  const report = {
    files: {
      "src/quota/a.ts": mutants("Killed", "Timeout", "Survived", "NoCoverage", "Ignored", "CompileError"),
      "src/quota/b.ts": mutants("Killed"),
    },
  };
  expect(rowsOf(report, ["src/quota/a.ts", "src/quota/c.ts"], first)).toEqual([
    { file: "quota/a.ts", mutants: 4, killed: 2, survived: 2, ...first },
  ]);
});

test("a page keeps the rows of other files, in their order, and sums them up", () => {
  const [b, a, newer] = [
    { file: "b.ts", mutants: 4, killed: 4, survived: 0, ...first },
    { file: "a.ts", mutants: 4, killed: 2, survived: 2, ...second },
    { file: "b.ts", mutants: 12, killed: 9, survived: 3, ...second },
  ];
  const once = updatePage(page, [b]);
  expect(updatePage(updatePage(once, [a]), [newer])).toBe(`# Title

| file   | mutants | killed | survived |  score | date       | commit  |
| ------ | ------: | -----: | -------: | -----: | ---------- | ------- |
| \`a.ts\` |       4 |      2 |        2 | 50.0 % | 2026-11-23 | bbbbbbb |
| \`b.ts\` |      12 |      9 |        3 | 75.0 % | 2026-11-23 | bbbbbbb |
| all 2  |      16 |     11 |        5 | 68.8 % |            |         |

What is below.
`);
  expect(updatePage(once, [])).toBe(once);
});

test("a page without a table is not written", () => {
  expect(() => updatePage("# Title", [])).toThrow(/no table/);
});
