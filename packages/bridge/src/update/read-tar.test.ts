import fc from "fast-check";
import { expect, it } from "vitest";
import { packTar } from "../../pack-tar.ts";
import { readTar } from "./read-tar.ts";

const one = (name: string) => packTar([{ name, content: Buffer.from("text") }]);

/** Changes a field of the first header and mends its checksum. */
function altered(name: string, at: number, text: string): Buffer {
  const archive = one(name);
  archive.write(text, at, "latin1");
  archive.write("        ", 148, "latin1");
  const sum = archive.subarray(0, 512).reduce((total, byte) => total + byte, 0);
  archive.write(`${sum.toString(8).padStart(6, "0")}\0 `, 148, "latin1");
  return archive;
}

it("reads what the build packs", () => {
  const segment = fc.stringMatching(/^[a-z][a-z0-9-]{0,8}$/);
  const names = fc.uniqueArray(
    fc.array(segment, { minLength: 1, maxLength: 3 }).map((parts) => `package/${parts.join("/")}.mjs`),
    { maxLength: 8 },
  );
  fc.assert(
    fc.property(names, fc.uint8Array({ maxLength: 3000 }), fc.boolean(), (paths, bytes, isExecutable) => {
      const files = paths.map((name) => ({ name, content: Buffer.from(bytes), isExecutable }));
      expect(readTar(packTar(files))).toEqual(files);
    }),
  );
});

it.each([
  "package/../escape",
  "../escape",
  "/etc/passwd",
  "package/./x",
  "package//x",
  "package/a/../../x",
  "elsewhere/x",
  "package/a\\b",
  "package/x\n",
  "package/",
  "package",
])("[W1] refuses a file named %j", (name) => {
  expect(() => readTar(one(name))).toThrow(/name/);
});

it("[W1] refuses links, folders, prefixes, a name twice and what is cut short", () => {
  for (const type of ["1", "2", "3", "5", "6", "L", "x", "g"])
    expect(() => readTar(altered("package/x", 156, type))).toThrow(/not a plain file/);
  expect(() => readTar(altered("package/x", 345, "/etc"))).toThrow(/not a plain file/);
  const twice = { name: "package/x", content: Buffer.alloc(0) };
  expect(() => readTar(packTar([twice, twice]))).toThrow(/twice/);
  expect(() => readTar(one("package/x").subarray(0, 514))).toThrow(/cut short/);
  expect(() => readTar(one("package/x").subarray(0, 1024))).toThrow(/cut short/);
  expect(() => readTar(altered("package/x", 124, "77777777777"))).toThrow(/cut short/);
});

it("[W1] decides about any bytes with an error or with files whose names stay inside", () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 4096 }), fc.nat(600), (bytes, at) => {
      const archive = one("package/x");
      Buffer.from(bytes).copy(archive, at);
      try {
        for (const { name } of readTar(archive)) expect(name).toMatch(/^package\/[\w./-]+$/);
      } catch (error) {
        expect(error).toBeInstanceOf(Error);
      }
    }),
  );
});
