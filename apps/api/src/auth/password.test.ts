import { expect, test } from "vitest";
import { checkNewPassword, hashPassword, isPassword } from "./password.ts";

test.each([
  "short",
  "ada@example.com!",
  "password1234",
  "Passwordpassword",
  "aaaaaaaaaaaaaa",
  "123456789012",
  "QuarterDeck2026",
])("%s is refused as a new password", (password) => {
  expect(() => checkNewPassword(password, "ada@example.com")).toThrow(/password|characters/i);
});

test.each(["an orchard of plums", "пароль из слов", "كلمة مرور طويلة", "7%kLw!qz0@Vd"])(
  "%s is accepted",
  (password) => {
    expect(() => checkNewPassword(password, "ada@example.com")).not.toThrow();
  },
);

test("a password is kept as argon2id, and compared by it", async () => {
  const hash = await hashPassword("an orchard of plums");
  expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  expect(await isPassword("an orchard of plums", hash)).toBe(true);
  expect(await isPassword("an orchard of plumS", hash)).toBe(false);
  expect(await isPassword("an orchard of plums", null)).toBe(false);
});
