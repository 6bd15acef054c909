import { errorCodes, type ErrorCode } from "@quarterdeck/core/errors/codes";
import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { TRPCClientError } from "@trpc/client";
import { beforeAll, expect, it } from "vitest";
import { i18n, startI18n } from "../i18n/i18n.ts";
import { isRetryable, toApiError } from "./api-error.ts";
import { errorText, translatedCodes } from "./error-text.ts";

beforeAll(() => startI18n());

function answered(code: string, message: string, fields: Record<string, string> | null = null): unknown {
  return TRPCClientError.from({ error: { code: -32_000, message, data: { code, fields } } });
}

it("has words for every code: its own or the platform's", () => {
  for (const code of Object.keys(errorCodes) as ErrorCode[]) {
    const text = errorText(i18n.t, answered(code, `about ${code}`));
    const isTranslated = (translatedCodes as readonly string[]).includes(code);
    expect(text).toBe(isTranslated ? i18n.t(`errors.${code}` as "errors.INTERNAL") : `about ${code}`);
    expect(text).not.toContain("errors.");
  }
});

it("says that the platform cannot be reached when no answer came", () => {
  const error = TRPCClientError.from(new TypeError("Failed to fetch"));
  expect(toApiError(error).code).toBe("UNREACHABLE");
  expect(isRetryable(error)).toBe(true);
  expect(errorText(i18n.t, error)).toMatch(/cannot be reached/);
});

it("says so too when the code of a page did not come", () => {
  const error = new TypeError("Failed to fetch dynamically imported module: http://localhost/assets/RunPage.js");
  expect(toApiError(error).code).toBe("UNREACHABLE");
  expect(toApiError(new TypeError("x is undefined")).code).toBe("INTERNAL");
});

it("says so too when a proxy answered for it", () => {
  expect(toApiError(TRPCClientError.from({ error: { message: "Bad Gateway" } } as never)).code).toBe("UNREACHABLE");
});

it("does not take a code for known because every object has it", () => {
  expect(toApiError(answered("constructor", "x")).code).toBe("UNREACHABLE");
});

it("gives each field its own message", () => {
  expect(toApiError(answered("INVALID_NAME", "x", { name: "Give it a name." })).fields).toEqual({
    name: "Give it a name.",
  });
});

it("knows how long to wait where the platform says so", () => {
  const error = { code: -32_000, message: "x", data: { code: "RATE_LIMITED", retryAfterMs: 6000 } };
  expect(toApiError(TRPCClientError.from({ error })).retryAfterMs).toBe(6000);
  expect(toApiError(answered("RATE_LIMITED", "x")).retryAfterMs).toBe(0);
  expect(toApiError(new QuarterdeckError("RATE_LIMITED", "x", { retryAfterMs: 50 })).retryAfterMs).toBe(50);
});

it("keeps the words of what failed on a server", () => {
  expect(errorText(i18n.t, new QuarterdeckError("GIT_FAILED", "No such branch."))).toBe("No such branch.");
});
