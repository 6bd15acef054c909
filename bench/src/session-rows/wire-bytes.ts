import { encodeReading, type ProjectUsage, type Reading } from "@quarterdeck/core/protocol/compact-reading";
import { id } from "../../../apps/relay/test/platform.ts";
import { compare, type Row } from "../row.ts";
import { readSampleOf } from "./generated-sample.ts";

const projects = 20;
/** A connection sends a keyframe first, and then what changed. */
const samples = 60;
const projectIds = Array.from({ length: projects }, () => id("project"));

/** A reading a second; a third of the projects has something running. */
function readingAt(second: number): Reading {
  const usage = (index: number): Omit<ProjectUsage, "projectId"> => {
    if (index % 3 > 0) return { cpu: 0, memory: 0, runs: 0 };
    const wave = Math.sin(second / 10 + index);
    return { cpu: Math.round(400 + 300 * wave), memory: 268_435_456 + 4096 * Math.round(5000 * wave), runs: 1 };
  };
  return {
    server: readSampleOf(1_790_000_000_000 + second * 1000),
    projects: projectIds.map((projectId, index) => ({ projectId, ...usage(index) })),
  };
}

/** Bytes of a sample of a server with 20 projects, compact and as plain JSON. The readings are generated. */
export async function measureWireBytes(): Promise<Row[]> {
  let compact = 0;
  let plain = 0;
  let before: Reading | null = null;
  for (let second = 0; second < samples; second++) {
    const reading = readingAt(second);
    compact += JSON.stringify(encodeReading(before, reading)).length;
    plain += JSON.stringify(reading).length;
    before = reading;
  }
  return [
    compare({
      what: "bytes of a sample of a server with 20 projects (the encoding; not on the wire yet)",
      ours: compact / samples,
      peer: plain / samples,
      peerName: "plain JSON",
      unit: "bytes",
      bar: 0.4,
      direction: "at most",
      config: { projects, samples, readings: "generated", isShippedOnTheWire: false },
    }),
  ];
}
