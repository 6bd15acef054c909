import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isLimitAsWanted, memoryPageBytes } from "./judge-limit.ts";

const amount = fc.integer({ min: 1, max: 2 ** 40 });

describe("a limit that was read", () => {
  it("is never as wanted when it is higher, or when there is none", () => {
    fc.assert(
      fc.property(amount, amount, amount, (wanted, above, ceiling) => {
        expect(isLimitAsWanted(wanted, wanted + above, { below: memoryPageBytes, ceiling })).toBe(false);
        expect(isLimitAsWanted(wanted, null, { below: memoryPageBytes, ceiling })).toBe(false);
        expect(isLimitAsWanted(wanted, undefined, { below: memoryPageBytes, ceiling })).toBe(false);
      }),
    );
  });

  it("may be lower by less than what the kernel rounds off", () => {
    const page = { below: memoryPageBytes };
    expect(isLimitAsWanted(10_000, 8192, page)).toBe(true);
    expect(isLimitAsWanted(12_288, 8192, page)).toBe(false);
    expect(isLimitAsWanted(100, 99, { below: 1 })).toBe(false);
  });

  it("may be as low as the group around it, and no lower", () => {
    expect(isLimitAsWanted(1500, 500, { below: 1, ceiling: 500 })).toBe(true);
    expect(isLimitAsWanted(1500, 499, { below: 1, ceiling: 500 })).toBe(false);
    expect(isLimitAsWanted(400, 400, { below: 1, ceiling: 500 })).toBe(true);
  });

  it("is none where none is wanted, also where a controller is off", () => {
    expect(isLimitAsWanted(null, null, { below: 1 })).toBe(true);
    expect(isLimitAsWanted(null, undefined, { below: 1 })).toBe(true);
    expect(isLimitAsWanted(null, 5, { below: 1, ceiling: 5 })).toBe(false);
  });
});
