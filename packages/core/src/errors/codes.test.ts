import { expect, it } from "vitest";
import { errorCodes, errorRule, type ErrorCode } from "./codes.ts";
import { QuarterdeckError } from "./quarterdeck-error.ts";

const codes = Object.keys(errorCodes) as ErrorCode[];

it("gives every code an HTTP status of an error and, where it closes a connection, a close code that may be sent", () => {
  for (const code of codes) {
    const rule = errorRule(code);
    expect(rule.httpStatus).toBeGreaterThanOrEqual(400);
    expect(rule.httpStatus).toBeLessThan(600);
    if (rule.closeCode !== undefined)
      expect([1009, 1011, 1013].includes(rule.closeCode) || (rule.closeCode >= 4000 && rule.closeCode < 5000)).toBe(
        true,
      );
  }
});

it("lets an error say whether trying again may help", () => {
  expect(new QuarterdeckError("SERVER_OFFLINE", "x").isRetryable).toBe(true);
  expect(new QuarterdeckError("NOT_FOUND", "x").isRetryable).toBe(false);
});
