import { dictionary } from "@zxcvbn-ts/language-common";
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
  "qwertyuiopasdf",
  "ada.example.com",
  "ada-lovelace-ada",
])("%s is refused as a new password, with what to do instead", async (password) => {
  await expect(checkNewPassword(password, "ada.lovelace@example.com")).rejects.toThrow(/Use (at least|four)/);
});

test.each(["an orchard of plums", "пароль из слов", "كلمة مرور طويلة", "7%kLw!qz0@Vd"])(
  "%s is accepted",
  async (password) => {
    await expect(checkNewPassword(password, "ada@example.com")).resolves.toBeUndefined();
  },
);

test("a password is kept as argon2id, and compared by it", async () => {
  const hash = await hashPassword("an orchard of plums");
  expect(hash).toMatch(/^\$argon2id\$v=19\$m=19456,t=2,p=1\$/);
  expect(await isPassword("an orchard of plums", hash)).toBe(true);
  expect(await isPassword("an orchard of plumS", hash)).toBe(false);
  expect(await isPassword("an orchard of plums", null)).toBe(false);
});

test("a very long password is judged by its beginning", async () => {
  const long = `an orchard of plums ${"x".repeat(1000)}`;
  await expect(checkNewPassword(long, "ada@example.com")).resolves.toBeUndefined();
});

test("no password of the list of leaked ones is taken, also with a year behind it", { timeout: 120_000 }, async () => {
  const leaked = dictionary["passwords-common"].filter((password) => password.length >= 12);
  expect(leaked.length).toBeGreaterThan(300);
  const common = dictionary["passwords-common"].filter((password) => password.length >= 8).slice(0, 300);
  const tried = [...leaked, ...common.map((password) => `${password}2026`)];
  const taken = await Promise.all(
    tried.map((password) =>
      checkNewPassword(password, "ada@example.com").then(
        () => password,
        () => null,
      ),
    ),
  );
  expect(taken.filter((password) => password !== null)).toEqual([]);
});

test("a password is compared to its last character, and nobody's case is changed", async () => {
  const long = `an orchard of plums ${"x".repeat(1000)}`;
  const hash = await hashPassword(`${long}y`);
  expect(await isPassword(`${long}y`, hash)).toBe(true);
  for (const other of [long, `${long}z`, `${long}Y`]) expect(await isPassword(other, hash)).toBe(false);
});
