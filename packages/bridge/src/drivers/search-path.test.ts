import { expect, it } from "vitest";
import { findProgram, searchPath } from "./search-path.ts";

it("programs are found in absolute folders only, and never by a path", () => {
  expect(searchPath("relative:/opt/bin::/a/node_modules/.bin:.")).toEqual([
    "/opt/bin",
    "/usr/local/sbin",
    "/usr/local/bin",
    "/usr/sbin",
    "/usr/bin",
    "/sbin",
    "/bin",
  ]);
  expect(findProgram("git", searchPath(undefined))).toMatch(/^\/.*\/git$/);
  for (const name of ["/bin/sh", "../bin/sh", "", "."])
    expect(findProgram(name, searchPath(undefined))).toBeUndefined();
});
