import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { asvsRequirements, findGaps, findTestsThatDidNotRun, parseAsvsTable } from "./asvs-table.ts";
import { parseReport } from "./test-summary.ts";

const table = readFileSync(join(import.meta.dirname, "..", "docs/security/asvs.md"), "utf8");

test("each requirement has one row, with a test or a reason for none", () => {
  expect(findGaps(parseAsvsTable(table))).toEqual([]);
});

describe("what is missing is found", () => {
  const rows = parseAsvsTable(
    [
      "| 6.2.1 | At least twelve characters. | `api/test/password.test.ts` a short one is refused<br>`web/e2e/account.test.ts` the page says so |",
      "| 6.2.2   | Does not apply: nobody has a password. | –            |",
      "| 6.2.3 | It is so. | – |",
      "| 6.2.3 | It is so twice. | `a.test.ts` x |",
      "| 6.2.99 | It is no requirement. | `a.test.ts` x |",
    ].join("\n"),
  );

  test("in the table itself", () => {
    expect(rows[0]?.tests).toEqual([
      { file: "api/test/password.test.ts", name: "a short one is refused" },
      { file: "web/e2e/account.test.ts", name: "the page says so" },
    ]);
    const gaps = findGaps(rows);
    expect(gaps).toContain("1.1.1 has no row");
    expect(gaps).toContain("6.2.3 has two rows");
    expect(gaps).toContain("6.2.99 is no requirement of the list");
    expect(gaps).toContain("6.2.3 names no test and does not say why");
    expect(gaps.filter((gap) => /^6\.2\.[12] /.test(gap))).toEqual([]);
    expect(gaps).toHaveLength(asvsRequirements.length - 3 + 3);
  });

  test("in what ran: a test that failed, that has another name, or is in another file", () => {
    const report = parseReport(
      "api",
      JSON.stringify({
        testResults: [
          {
            name: "/anywhere/api/test/password.test.ts",
            status: "failed",
            assertionResults: [{ fullName: "passwords: a short one is refused [T7]", status: "passed" }],
          },
          {
            name: "/anywhere/web/e2e/account.test.ts",
            status: "failed",
            assertionResults: [{ fullName: "the page says so", status: "failed" }],
          },
          { name: "/anywhere/b.test.ts", status: "passed", assertionResults: [{ fullName: "x", status: "passed" }] },
        ],
      }),
    );
    expect(findTestsThatDidNotRun(rows, [report])).toEqual([
      "6.2.1: web/e2e/account.test.ts: the page says so",
      "6.2.3: a.test.ts: x",
      "6.2.99: a.test.ts: x",
    ]);
  });
});
