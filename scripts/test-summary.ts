// What the reports of all test runs add up to.

export interface TestReport {
  readonly name: string;
  readonly files: readonly TestFile[];
}

interface TestFile {
  readonly path: string;
  readonly hasFailed: boolean;
  readonly tests: readonly { readonly name: string; readonly outcome: "passed" | "failed" | "skipped" }[];
}

export interface TestSummary {
  readonly passed: number;
  readonly failed: number;
  readonly skipped: number;
  /** Reports without a single test. */
  readonly empty: readonly string[];
  readonly attacksCovered: readonly string[];
  readonly attacksMissing: readonly string[];
}

/** Reads the part of vitest's JSON report that counts; throws when it is not such a report. */
export function parseReport(name: string, json: string): TestReport {
  const report: unknown = JSON.parse(json);
  if (!isRecord(report) || !Array.isArray(report["testResults"])) throw new Error(`${name}: not a vitest JSON report`);
  return { name, files: report["testResults"].filter(isRecord).map(parseFile) };
}

function parseFile(file: Record<string, unknown>): TestFile {
  const assertions = Array.isArray(file["assertionResults"]) ? file["assertionResults"].filter(isRecord) : [];
  return {
    path: String(file["name"]),
    hasFailed: file["status"] === "failed",
    tests: assertions.map((test) => ({
      name: String(test["fullName"]),
      outcome: test["status"] === "passed" ? "passed" : test["status"] === "failed" ? "failed" : "skipped",
    })),
  };
}

/** The numbers of the lines that a list of attacks promises: `- **T3** …`. */
export function listedAttacks(markdown: string): string[] {
  return [...markdown.matchAll(/^- \*\*([A-Z]\d+)\*\*/gm)].map((match) => match[1] ?? "");
}

/** The tags of a test's name: `[T3]`, or several as `[T3][W1]` or `[T3, W1]`. */
export function tagsOf(testName: string): string[] {
  return [...testName.matchAll(/\[([A-Z]\d+(?:[ ,]+[A-Z]\d+)*)\]/g)].flatMap((match) =>
    (match[1] ?? "").split(/[ ,]+/),
  );
}

/** Adds up the reports. A file that failed without a failing test (it did not load) counts as one failure. */
export function summarize(reports: readonly TestReport[], attacks: readonly string[]): TestSummary {
  const files = reports.flatMap((report) => report.files);
  const tests = files.flatMap((file) => file.tests);
  const count = (outcome: string) => tests.filter((test) => test.outcome === outcome).length;
  const brokenFiles = files.filter((file) => file.hasFailed && !file.tests.some((test) => test.outcome === "failed"));
  const tags = new Set(tests.filter((test) => test.outcome === "passed").flatMap((test) => tagsOf(test.name)));
  return {
    passed: count("passed"),
    failed: count("failed") + brokenFiles.length,
    skipped: count("skipped"),
    empty: reports
      .filter((report) => report.files.every((file) => file.tests.length === 0))
      .map((report) => report.name),
    attacksCovered: attacks.filter((attack) => tags.has(attack)),
    attacksMissing: attacks.filter((attack) => !tags.has(attack)),
  };
}

/** The closing lines of `npm test`; the last one holds the counts. */
export function summaryLines({
  passed,
  failed,
  skipped,
  empty,
  attacksCovered,
  attacksMissing,
}: TestSummary): string[] {
  const attackCount = attacksCovered.length + attacksMissing.length;
  return [
    ...(empty.length > 0 ? [`no tests yet: ${empty.join(", ")}`] : []),
    ...(attacksMissing.length > 0 ? [`attacks without a test: ${attacksMissing.join(" ")}`] : []),
    `attacks: ${attacksCovered.length} of ${attackCount} lines covered`,
    `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ""}`,
  ];
}

function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === "object" && value !== null;
}
