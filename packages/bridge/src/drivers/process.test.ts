import { describe, expect, it } from "vitest";
import { foldersToCover } from "./process.ts";
import { findProgram, searchPath } from "./search-path.ts";

describe("folders to cover", () => {
  it("are the outermost ones, once each", () => {
    expect(foldersToCover(["/data/bridge", "/data", "/data", "/database", "/x/y"])).toEqual([
      "/x/y",
      "/data",
      "/database",
    ]);
  });
});

describe("programs", () => {
  it("are found in absolute folders only, and never by a path", () => {
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
});
