import { describe, expect, it } from "vitest";
import { listedAttacks, parseReport, summarize, summaryLines, tagsOf } from "./test-summary.ts";

const report = (name: string, tests: Record<string, string>, status = "passed") =>
  parseReport(
    name,
    JSON.stringify({
      testResults: [
        {
          name: `${name}.test.ts`,
          status,
          assertionResults: Object.entries(tests).map(([fullName, outcome]) => ({ fullName, status: outcome })),
        },
      ],
    }),
  );

describe("listedAttacks", () => {
  it("finds the numbered lines and nothing else", () => {
    expect(listedAttacks("# A\n- **F1** one\n- plain **F2**\n  - **F3** nested\n- **T10** two\n")).toEqual([
      "F1",
      "T10",
    ]);
  });
});

describe("tagsOf", () => {
  // The examples stay out of the title: a tag in a test's own name would count as cover.
  it("reads one tag, several in one bracket, and several brackets, and no look-alikes", () => {
    expect(tagsOf("[T3] a schedule")).toEqual(["T3"]);
    expect(tagsOf("outer [T3] inner [S10]")).toEqual(["T3", "S10"]);
    expect(tagsOf("[T3, W1] both")).toEqual(["T3", "W1"]);
    expect(tagsOf("array[0] and [t3] and T3")).toEqual([]);
  });
});

describe("summarize", () => {
  it("counts outcomes over all reports and takes cover only from tests that passed", () => {
    const summary = summarize(
      [
        report("core", { "[F1] ok": "passed", "[F2] not": "failed" }, "failed"),
        report("api", { "[F3] later": "skipped" }),
      ],
      ["F1", "F2", "F3"],
    );
    expect(summary).toMatchObject({
      passed: 1,
      failed: 1,
      skipped: 1,
      attacksCovered: ["F1"],
      attacksMissing: ["F2", "F3"],
    });
  });

  it("counts a file that did not load as a failure", () => {
    expect(summarize([report("core", {}, "failed")], []).failed).toBe(1);
  });

  it("names reports without tests", () => {
    expect(summarize([report("core", {}), report("api", { a: "passed" })], []).empty).toEqual(["core"]);
  });
});

describe("summaryLines", () => {
  it("ends with the counts, and mentions skipped tests only when there are some", () => {
    const summary = summarize([report("core", { "[F1] a": "passed" })], ["F1", "F2"]);
    expect(summaryLines(summary).slice(-2)).toEqual(["attacks: 1 of 2 lines covered", "1 passed, 0 failed"]);
    expect(summaryLines({ ...summary, skipped: 2 }).at(-1)).toBe("1 passed, 0 failed, 2 skipped");
  });
});

describe("parseReport", () => {
  it("refuses what is not a report", () => {
    expect(() => parseReport("core", "{}")).toThrow("core: not a vitest JSON report");
  });
});
