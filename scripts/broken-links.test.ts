import { expect, test } from "vitest";
import { brokenLinks } from "./broken-links.ts";

const exists = (path: string) => path === "adr/0001-a.md";

test("a link to a file that does not exist is found with its line", () => {
  expect(brokenLinks("see [a](adr/0001-a.md)\nand [b](adr/0002-b.md#why)", exists)).toEqual([
    { line: 2, target: "adr/0002-b.md#why" },
  ]);
});

test("a picture and a link by reference are looked at too", () => {
  expect(brokenLinks('![chart](waits.svg "waits")\n\n[x]: other.md', exists)).toEqual([
    { line: 1, target: "waits.svg" },
    { line: 3, target: "other.md" },
  ]);
});

test("an address, a heading of the same text and code are no links to files", () => {
  const text =
    "[x](https://example.org/a.md) [y](#part) `[z](no.md)`\n```ts\nconst a = [f](g.md);\n```\n[a](adr/0001-a.md#b)";
  expect(brokenLinks(text, exists)).toEqual([]);
});

test("the line is right below a block of code", () => {
  expect(brokenLinks("```\na\nb\n```\n[x](y.md)", exists)).toEqual([{ line: 5, target: "y.md" }]);
});
