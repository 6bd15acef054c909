// The table of requirements in docs/security/asvs.md: each has a test that ran, or says why it has none.
import type { TestReport } from "./test-summary.ts";

/**
 * OWASP ASVS 5.0 up to level 2, by number: encoding and validation (1, 2), authentication (6), sessions (7),
 * authorization (8), tokens (9), logging and errors (16). The number of requirements of each section.
 */
const requirements: Readonly<Record<string, readonly number[]>> = {
  "1.1": upTo(2),
  "1.2": upTo(9),
  "1.3": upTo(11),
  "1.4": upTo(3),
  "1.5": upTo(2),
  "2.1": upTo(3),
  "2.2": upTo(3),
  "2.3": upTo(4),
  "2.4": upTo(1),
  "6.1": upTo(3),
  "6.2": upTo(12),
  "6.3": upTo(4),
  "6.4": upTo(4),
  "6.5": upTo(5),
  "6.6": upTo(3),
  "6.8": upTo(4),
  "7.1": upTo(3),
  "7.2": upTo(4),
  "7.3": upTo(2),
  "7.4": upTo(5),
  "7.5": upTo(2),
  "7.6": upTo(2),
  "8.1": upTo(2),
  "8.2": upTo(3),
  "8.3": upTo(1),
  "8.4": upTo(1),
  "9.1": upTo(3),
  "9.2": upTo(4),
  "16.1": upTo(1),
  "16.2": upTo(5),
  "16.3": upTo(4),
  "16.4": upTo(3),
  "16.5": upTo(3),
};

function upTo(last: number): number[] {
  return Array.from({ length: last }, (_, index) => index + 1);
}

export const asvsRequirements: readonly string[] = Object.entries(requirements).flatMap(([section, numbers]) =>
  numbers.map((number) => `${section}.${number}`),
);

export interface AsvsRow {
  readonly requirement: string;
  readonly how: string;
  /** The tests that it names: the end of a file's path, and a part of the test's whole name. */
  readonly tests: readonly { readonly file: string; readonly name: string }[];
}

/** The rows `| 6.2.1 | how it is met | `file.test.ts` part of the test's name<br>… |`. */
export function parseAsvsTable(markdown: string): AsvsRow[] {
  return [...markdown.matchAll(/^\| (\d+\.\d+\.\d+) +\| ([^|]*) \| ([^|]*) \|$/gm)].map(
    ([, requirement = "", how = "", tests = ""]) => ({
      requirement,
      how: how.trim(),
      tests: [...tests.matchAll(/`([^`]+\.test\.tsx?)` (.+?)(?:<br>|$)/g)].map(([, file = "", name = ""]) => ({
        file,
        name: name.trim(),
      })),
    }),
  );
}

const needsNoTest = /^(Does not apply|Documented|Not met): \S/;

/** What is wrong with the table by itself. */
export function findGaps(rows: readonly AsvsRow[]): string[] {
  const named = rows.map(({ requirement }) => requirement);
  return [
    ...asvsRequirements.filter((requirement) => !named.includes(requirement)).map((one) => `${one} has no row`),
    ...named.filter((one, index) => named.indexOf(one) !== index).map((one) => `${one} has two rows`),
    ...named.filter((one) => !asvsRequirements.includes(one)).map((one) => `${one} is no requirement of the list`),
    ...rows
      .filter(({ tests, how }) => tests.length === 0 && !needsNoTest.test(how))
      .map(({ requirement }) => `${requirement} names no test and does not say why`),
  ];
}

/** The tests that rows name and that did not pass in this run. */
export function findTestsThatDidNotRun(rows: readonly AsvsRow[], reports: readonly TestReport[]): string[] {
  const passed = reports.flatMap(({ files }) =>
    files.flatMap(({ path, tests }) =>
      tests.filter(({ outcome }) => outcome === "passed").map(({ name }) => ({ path, name })),
    ),
  );
  return rows.flatMap(({ requirement, tests }) =>
    tests
      .filter(({ file, name }) => !passed.some((test) => test.path.endsWith(`/${file}`) && test.name.includes(name)))
      .map(({ file, name }) => `${requirement}: ${file}: ${name}`),
  );
}
