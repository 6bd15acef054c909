import { describe, expect, it } from "vitest";
import { networkHostSchema } from "./network-host.ts";

describe("a host that runs may reach", () => {
  it.each(["packages.example.org", "xn--80ak6aa92e.com", "a-b.c0.example", "1.example"])("may be %s", (host) =>
    expect(networkHostSchema.parse(host)).toBe(host),
  );

  it("is read without the space around it and in lower case", () =>
    expect(networkHostSchema.parse(" Packages.EXAMPLE.org\n")).toBe("packages.example.org"));

  it.each([
    "",
    "org",
    "127.0.0.1",
    "2130706433",
    "0x7f.1",
    "1.2.3.0x4",
    "[::1]",
    "::1",
    "localhost",
    "a.localhost",
    "metadata.google.internal",
    "printer.local",
    "1.0.0.127.in-addr.arpa",
    "a..org",
    "a.org.",
    "-a.org",
    "a-.org",
    "*.org",
    "a.org:443",
    "https://a.org",
    "user@a.org",
    "a b.org",
    "a\0.org",
    "münchen.de",
    `${"a".repeat(64)}.org`,
    `${"a.".repeat(130)}org`,
  ])("is never %j [T6]", (host) => expect(networkHostSchema.safeParse(host).success).toBe(false));
});
