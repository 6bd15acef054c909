import { describe, expect, it } from "vitest";
import { isListed, parseDestination } from "./host-list.ts";

const reaches = (text: string, ...list: string[]) => {
  const destination = parseDestination(text);
  return destination !== undefined && isListed(destination, list);
};

describe("a list of hosts", () => {
  it("holds exactly its hosts, in any case, at the web's ports", () => {
    expect(reaches("packages.example.org:443", "packages.example.org")).toBe(true);
    expect(reaches("Packages.EXAMPLE.org.:80", "packages.example.ORG")).toBe(true);
    for (const other of [
      "packages.example.org:22",
      "example.org:443",
      "a.packages.example.org:443",
      "packages.example.org.evil.com:443",
    ])
      expect(reaches(other, "packages.example.org")).toBe(false);
    expect(reaches("git.example.com:22", "git.example.com:22")).toBe(true);
    expect(reaches("git.example.com:443", "git.example.com:22")).toBe(false);
  });

  it("holds all hosts below one, and no others", () => {
    expect(reaches("a.b.example.com:443", "*.example.com")).toBe(true);
    for (const other of ["example.com:443", "notexample.com:443", "example.com.evil.org:443"])
      expect(reaches(other, "*.example.com")).toBe(false);
    expect(reaches("example.com:443", "*")).toBe(false);
    expect(reaches("10.0.0.1:443", "*.0.0.1")).toBe(false);
  });

  it("takes an address only as it is written in it: no decimal, octal, hexadecimal or mapped one [T6]", () => {
    const list = ["127.0.0.1", "example.com"];
    for (const other of [
      "2130706433:80",
      "0177.0.0.1:80",
      "0x7f.0.0.1:80",
      "127.1:80",
      "[::ffff:127.0.0.1]:80",
      "[::1]:80",
    ])
      expect(reaches(other, ...list)).toBe(false);
  });

  it.each([
    "",
    ":80",
    "host",
    "host:0",
    "host:65536",
    "ho st:80",
    "user@host:80",
    "host:80:80",
    "[host]:80",
    "host\r\n:80",
    "-a:80",
    "a..b:80",
  ])("is not asked for %j [T6]", (text) => {
    expect(parseDestination(text)).toBeUndefined();
  });
});
