import { readFileSync } from "node:fs";
import type { Pressure } from "@quarterdeck/core/protocol/telemetry";

const hundredths = 100;

/** Reads `some avg10` of a pressure file in hundredths of a percent; null where it says something else. */
export function parsePressure(text: string): number | null {
  const percent = /^some avg10=(\d+(?:\.\d+)?) /m.exec(text)?.[1];
  return percent === undefined ? null : Math.round(Number(percent) * hundredths);
}

/** The pressure of the whole machine. Which kernels say nothing of it is found out once. */
export class PressureReader {
  readonly #folder: string;
  #isMissing = false;

  constructor(folder = "/proc/pressure") {
    this.#folder = folder;
  }

  read(): Pressure | undefined {
    if (this.#isMissing) return undefined;
    const [cpu = null, memory = null, io = null] = ["cpu", "memory", "io"].map((name) => this.#readOne(name));
    this.#isMissing = cpu === null || memory === null || io === null;
    return cpu === null || memory === null || io === null ? undefined : { cpu, memory, io };
  }

  #readOne(name: string): number | null {
    try {
      return parsePressure(readFileSync(`${this.#folder}/${name}`, "utf8"));
    } catch {
      return null; // A kernel without it, or one that was started with psi=0.
    }
  }
}
