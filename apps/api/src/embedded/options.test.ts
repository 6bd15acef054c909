import { resolve } from "node:path";
import { expect, it } from "vitest";
import { readOptions, UsageError } from "./options.ts";

it("takes the command line before the environment before the defaults", () => {
  expect(readOptions([], {})).toEqual({
    host: "127.0.0.1",
    port: 7070,
    dataDir: resolve("data"),
    publicUrl: null,
    consentsToNoIsolation: false,
  });
  const environment = { QUARTERDECK_PORT: "8000", QUARTERDECK_DATA: "/a", QUARTERDECK_PUBLIC_URL: "https://q.example" };
  expect(readOptions(["--port", "9000"], environment)).toMatchObject({
    port: 9000,
    dataDir: "/a",
    publicUrl: "https://q.example",
  });
});

it.each(["0", "65536", "-1", "seven", "80.5", "1e3", " 80"])(
  "refuses the port %j and names where it came from",
  (port) => {
    expect(() => readOptions([`--port=${port}`], {})).toThrow(/^--port must be/);
    expect(() => readOptions([], { QUARTERDECK_PORT: port })).toThrow(/^QUARTERDECK_PORT must be/);
  },
);

it("refuses options it does not know, and says where to look", () => {
  expect(() => readOptions(["--prot", "1"], {})).toThrow(UsageError);
  expect(() => readOptions(["--prot", "1"], {})).toThrow(/npm start -- --help/);
  expect(readOptions(["--help"], {})).toBe("help");
});

it("listens on this machine only or on every address, because its own bridge must reach it without encryption", () => {
  expect(readOptions(["--host", "0.0.0.0"], {})).toMatchObject({ host: "0.0.0.0" });
  expect(() => readOptions(["--host", "192.168.1.5"], {})).toThrow(/^--host must be 127\.0\.0\.1/);
});
