import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  symlinkSync,
  utimesSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, it } from "vitest";
import { copyEtc } from "./etc-copy.ts";

let folder: string;
let source: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "qd-etc-"));
  source = join(folder, "source");
  for (const path of ["ssl/private", "ssl/certs", "cron.d"])
    mkdirSync(join(source, path), { recursive: true, mode: 0o755 });
  chmodSync(join(source, "ssl/private"), 0o710);
  for (const path of [
    "shadow",
    "cron.d/job",
    "ssl/private/key",
    "ssl/certs/one",
    "ssl/secret",
    "passwd",
    "nsswitch.conf",
  ])
    writeFileSync(join(source, path), path, { mode: 0o644 });
  chmodSync(join(source, "ssl/secret"), 0o640);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

it("copies what programs need, as far as everybody may read it, and nothing else [S7]", () => {
  const target = copyEtc(source, folder);
  expect(readFileSync(join(target, "ssl/certs/one"), "utf8")).toBe("ssl/certs/one");
  expect(readFileSync(join(target, "nsswitch.conf"), "utf8")).toBe("nsswitch.conf");
  for (const path of ["shadow", "cron.d", "ssl/private", "ssl/secret"])
    expect([path, existsSync(join(target, path))]).toEqual([path, false]);
  expect(readFileSync(join(target, "passwd"), "utf8")).toBe("");
});

it("takes the file that a link out of the system leads to, unless it is not for everybody [S6]", () => {
  const [open, closed] = [join(folder, "open"), join(folder, "closed")];
  writeFileSync(open, "open", { mode: 0o644 });
  writeFileSync(closed, "closed", { mode: 0o600 });
  symlinkSync(open, join(source, "localtime"));
  symlinkSync(closed, join(source, "timezone"));
  symlinkSync("certs/one", join(source, "ssl/link"));
  const target = copyEtc(source, folder);
  expect(readFileSync(join(target, "localtime"), "utf8")).toBe("open");
  expect(existsSync(join(target, "timezone"))).toBe(false);
  expect(readFileSync(join(target, "ssl/link"), "utf8")).toBe("ssl/certs/one");
});

it("copies again only when something changed, and leaves runs that go on what they have", () => {
  const first = copyEtc(source, folder);
  expect(copyEtc(source, folder)).toBe(first);
  writeFileSync(join(source, "ssl/certs/two"), "two", { mode: 0o644 });
  const second = copyEtc(source, folder);
  expect(readFileSync(join(second, "ssl/certs/two"), "utf8")).toBe("two");
  expect(readFileSync(join(first, "ssl/certs/one"), "utf8")).toBe("ssl/certs/one");
});

it("keeps a few copies, and removes the oldest", () => {
  const copies = Array.from({ length: 9 }, (_, index) => {
    writeFileSync(join(source, "nsswitch.conf"), "x".repeat(index), { mode: 0o644 });
    const copy = copyEtc(source, folder);
    utimesSync(copy, index, index);
    return copy;
  });
  expect(copies.filter((copy) => existsSync(copy))).toEqual(copies.slice(-6));
});
