import { describe, expect, it } from "vitest";
import { nameSchema } from "./names.ts";

describe("names", () => {
  it.each(["a", "My project", "مشروع", "Проект", "🚀", "👩‍👩‍👧", "; rm -rf", "a".repeat(64), "🚀".repeat(64)])(
    "accepts %s",
    (name) => {
      expect(nameSchema.parse(name)).toBe(name);
    },
  );

  it("trims and composes", () => {
    expect(nameSchema.parse("  caf\u0065\u0301 ")).toBe("café");
  });

  it.each([
    "",
    "   ",
    "\u200b",
    "\u200d\u200c",
    "\u0301",
    "\u3164",
    "\u2800\uffa0",
    "a".repeat(10_000),
    "../x",
    "; rm -rf /",
    "a\\b",
    "a\nb",
    "a\0b",
    "\u202egnp.exe",
    "a\u061cb",
    "a\u2028b",
  ])("refuses %j with a message for people", (name) => {
    const result = nameSchema.safeParse(name);
    expect(result.success).toBe(false);
    expect(result.error?.issues[0]?.message).toMatch(/[a-z].*\.$/);
  });
});
