import fc from "fast-check";
import { expect, it } from "vitest";
import { readHostLine } from "./host-line.ts";
import { LineParser } from "./meter-lines.ts";
import { proxyLineSchema } from "./proxy-line.ts";

it("reads what a host says, and nothing else", () => {
  const words = [
    { told: 3, isLimited: true, share: 0 },
    { told: 4, isLimited: false, share: null },
    { grant: 7, bytes: 5 },
  ];
  expect(words.map((word) => readHostLine(word))).toEqual(words);
  const wrong = [null, [], "x", 5, {}, { grant: 1 }, { grant: 1, bytes: 0 }, { grant: -1, bytes: 5 }];
  for (const line of [...wrong, { told: 1, isLimited: 1, share: null }, { told: 1, isLimited: true, share: 0.5 }])
    expect(() => readHostLine(line)).toThrow(TypeError);
});

it("takes lines in whatever pieces they come, and none that is too long or of another form", () => {
  const lines = [{ want: 1, way: "sent", bytes: 9 }, { leave: 1 }, { counted: { received: 1, sent: 2 }, heard: 0 }];
  const text = lines.map((line) => `${JSON.stringify(line)}\n`).join("");
  fc.assert(
    fc.property(fc.array(fc.nat(text.length)), (cuts) => {
      const parser = new LineParser((line) => proxyLineSchema.parse(line));
      const at = [0, ...cuts.toSorted((a, b) => a - b), text.length];
      expect(at.slice(1).flatMap((to, index) => parser.read(text.slice(at[index], to)))).toEqual(lines);
    }),
  );
  const parser = () => new LineParser((line) => proxyLineSchema.parse(line));
  for (const bad of [
    "x\n",
    "{}\n",
    '{"want":0,"way":"sent","bytes":1}\n',
    '{"want":1,"way":"up","bytes":1}\n',
    " ".repeat(600),
  ])
    expect(() => parser().read(bad)).toThrow();
});
