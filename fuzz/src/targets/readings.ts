import { isDeepStrictEqual } from "node:util";
import {
  compactReadingsSchema,
  countReadings,
  decodeReadings,
  encodeReadings,
  type CompactReadings,
} from "@quarterdeck/core/protocol/compact-readings";
import { limits } from "@quarterdeck/core/protocol/limits";
import { sampleSchema } from "@quarterdeck/core/protocol/telemetry";
import { mustHold, type FuzzTarget } from "../fuzz-target.ts";

function read(text: string): CompactReadings | undefined {
  try {
    return compactReadingsSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined; // Not JSON.
  }
}

/** Readings as a frame holds them: what is taken is sound, whatever numbers it was made of. */
const compactReadings: FuzzTarget = {
  name: "compact-readings",
  grammar: "json",
  shapes: [
    { name: "of a server", isOne: (text) => (read(text) ?? []).some(({ projects }) => projects === undefined) },
    { name: "of projects", isOne: (text) => (read(text) ?? []).some(({ projects }) => projects !== undefined) },
  ],
  check(text) {
    const compact = read(text);
    if (!compact) return;
    const readings = decodeReadings(compact);
    mustHold(readings.length === countReadings(compact), "readings were lost or made up");
    mustHold(readings.length <= limits.historySamplesPerFrame, "more readings than a frame may hold");
    for (const { projects, ...server } of readings) {
      mustHold(sampleSchema.safeParse(server).success, "a reading is none");
      for (const { cpu, memory, runs } of projects ?? [])
        mustHold(
          [cpu, memory, runs].every((of) => Number.isSafeInteger(of) && of >= 0),
          "a project's use is none",
        );
    }
    const again = compactReadingsSchema.safeParse(encodeReadings(readings));
    const isSame = again.success && isDeepStrictEqual(decodeReadings(again.data), readings);
    mustHold(isSame, "readings did not come back as they were sent");
  },
};

export const readingTargets: readonly FuzzTarget[] = [compactReadings];
