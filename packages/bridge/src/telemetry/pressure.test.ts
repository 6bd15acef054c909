import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { parsePressure, PressureReader } from "./pressure.ts";

const file = (avg10: string) =>
  `some avg10=${avg10} avg60=9.00 avg300=9.00 total=9\nfull avg10=8.00 avg60=8.00 avg300=8.00 total=8\n`;

it("reads what waited in the last ten seconds", () => {
  expect(parsePressure(file("1.25"))).toBe(125);
  expect(parsePressure(file("100.00"))).toBe(10_000);
  expect(parsePressure("full avg10=3.00 avg60=0.00 avg300=0.00 total=0\n")).toBeNull();
  expect(parsePressure("")).toBeNull();
});

it("reads all of a machine, and leaves it out where the kernel does not say", () => {
  const folder = mkdtempSync(join(tmpdir(), "qd-pressure-"));
  try {
    const early = new PressureReader(folder);
    expect(early.read()).toBeUndefined();
    for (const [index, name] of ["cpu", "memory", "io"].entries())
      writeFileSync(join(folder, name), file(`${index}.50`));
    expect(new PressureReader(folder).read()).toEqual({ cpu: 50, memory: 150, io: 250 });
  } finally {
    rmSync(folder, { recursive: true });
  }
});
