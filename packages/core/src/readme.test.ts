import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { expect, it } from "vitest";

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8");

/** The examples as one program: what stands after an arrow is compared with what stands before it. */
function programOf(text: string): { program: string; comparisons: number } {
  const blocks = [...text.matchAll(/^```ts\n(.*?)^```$/gms)].map(([, code = ""]) => code);
  let comparisons = 0;
  const program = blocks.join("").replaceAll(/^(.+); \/\/ → (.+)$/gm, (_line, expression: string, value: string) => {
    comparisons++;
    return `assert.deepEqual(${expression}, ${value});`;
  });
  return { program: `import assert from "node:assert/strict";\n${program}`, comparisons };
}

function run(program: string): void {
  const args = ["--disable-warning=ExperimentalWarning", "--input-type=module", "--eval", program];
  execFileSync(process.execPath, args, { cwd: fileURLToPath(new URL("..", import.meta.url)), stdio: "pipe" });
}

it("shows examples that do what they say", () => {
  const { program, comparisons } = programOf(readme);
  expect(comparisons).toBeGreaterThanOrEqual(14);
  run(program);
});

it("would notice an example that does not", () => {
  expect(() => run(programOf("```ts\n1 + 1; // → 3\n```").program)).toThrow("AssertionError");
});
