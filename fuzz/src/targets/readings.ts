import { isDeepStrictEqual } from "node:util";
import {
  compactReadingsSchema,
  countReadings,
  decodeReadings,
  encodeReadings,
  firstReadings,
  isOfWorkspace,
  splitReadings,
  type CompactReadings,
} from "@quarterdeck/core/protocol/compact-readings";
import { limits } from "@quarterdeck/core/protocol/limits";
import { sampleSchema } from "@quarterdeck/core/protocol/telemetry";
import {
  decodeWorkspaces,
  encodeWorkspaces,
  withoutNetwork,
  type NodeUsage,
} from "@quarterdeck/core/protocol/workspace-readings";
import { mustHold, type FuzzTarget } from "../fuzz-target.ts";

function read(text: string): CompactReadings | undefined {
  try {
    return compactReadingsSchema.safeParse(JSON.parse(text)).data;
  } catch {
    return undefined; // Not JSON.
  }
}

function mustBeUsage({ cpu, memory, tasks, runs, disk, pressure, network }: NodeUsage): void {
  const numbers = [
    cpu,
    memory,
    tasks,
    runs,
    disk ?? 0,
    ...Object.values(pressure ?? {}),
    ...Object.values(network ?? {}),
  ];
  mustHold(
    numbers.every((of) => Number.isSafeInteger(of) && of >= 0),
    "what a workspace or a project uses is no use",
  );
}

/** Readings as a frame holds them: what is taken is sound, whatever numbers it was made of. */
const compactReadings: FuzzTarget = {
  name: "compact-readings",
  grammar: "json",
  shapes: [
    { name: "of a server", isOne: (text) => (read(text) ?? []).some((group) => !isOfWorkspace(group)) },
    { name: "with pressure", isOne: (text) => (read(text) ?? []).some((group) => "pressure" in group) },
    { name: "with network", isOne: (text) => (read(text) ?? []).some((group) => "network" in group) },
    { name: "of a workspace", isOne: (text) => (read(text) ?? []).some(isOfWorkspace) },
  ],
  check(text) {
    const compact = read(text);
    if (!compact) return;
    const samples = decodeReadings(compact);
    mustHold(samples.length === countReadings(compact), "readings were lost or made up");
    mustHold(samples.length <= limits.historySamplesPerFrame, "more readings than a frame may hold");
    for (const sample of samples) mustHold(sampleSchema.safeParse(sample).success, "a reading is none");
    const workspaces = decodeWorkspaces(splitReadings(compact).workspaces);
    for (const { projects, ...own } of workspaces) for (const usage of [own, ...projects]) mustBeUsage(usage);
    const again = compactReadingsSchema.safeParse([...encodeReadings(samples), ...encodeWorkspaces(workspaces)]);
    mustHold(again.success && isDeepStrictEqual(decodeReadings(again.data), samples), "readings did not come back");
    const isFirst = compactReadingsSchema.safeParse(firstReadings(compact)).success;
    mustHold(isFirst, "what is left for a peer of version 1.0 cannot be read");
    const older = compact.map((group) => (isOfWorkspace(group) ? withoutNetwork(group) : group));
    mustHold(compactReadingsSchema.safeParse(older).success, "what is left for a peer of version 1.1 cannot be read");
  },
};

export const readingTargets: readonly FuzzTarget[] = [compactReadings];
