import fc from "fast-check";
import { expect, it } from "vitest";
import { OutputAssembler } from "./output-assembler.ts";

const whole = fc.uint8Array({ minLength: 0, maxLength: 300 });

it("gives every byte once and in order, whatever pieces come, when lost ones are sent again", () => {
  fc.assert(
    fc.property(whole, fc.infiniteStream(fc.nat()), (output, chance) => {
      const numbers = chance[Symbol.iterator]();
      const next = (below: number) => (numbers.next().value as number) % below;
      const assembler = new OutputAssembler(0);
      const received: number[] = [];
      const accept = (offset: number, length: number) => {
        const bytes = output.subarray(offset, offset + length);
        const assembled = assembler.accept({ offset, bytes, isEnd: offset + length >= output.length });
        if (assembled.kind === "new") received.push(...assembled.bytes);
        return assembled.kind;
      };
      // Any pieces, in any order, some twice, some never.
      for (let i = 0; i < 30; i++) accept(next(output.length + 1), next(40));
      // Then the sender resumes from the first missing byte.
      while (!assembler.hasEnded) expect(accept(assembler.nextOffset, 1 + next(40))).toBe("new");
      expect(received).toEqual([...output]);
    }),
    { numRuns: 500 },
  );
});

it("says that bytes are missing instead of skipping them", () => {
  const assembler = new OutputAssembler(10);
  expect(assembler.accept({ offset: 11, bytes: new Uint8Array(5), isEnd: false })).toEqual({ kind: "missing" });
  expect(assembler.nextOffset).toBe(10);
});

it("ends an output without bytes", () => {
  const assembler = new OutputAssembler(0);
  expect(assembler.accept({ offset: 0, bytes: new Uint8Array(), isEnd: true })).toMatchObject({
    kind: "new",
    isEnd: true,
  });
});
