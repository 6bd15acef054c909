import * as z from "zod";
import { limits } from "./limits.ts";
import { areReadable, numberRowsSchema, rowAfter, unpackRows } from "./number-rows.ts";
import type { Sample } from "./telemetry.ts";
import { workspaceGroupSchema, type WorkspaceGroup } from "./workspace-readings.ts";

const firstFields = [
  "atMs",
  "cpu",
  "cpuCapacity",
  "memoryUsed",
  "memoryTotal",
  "diskUsed",
  "diskTotal",
  "networkReceived",
  "networkSent",
  "load1",
  "runs",
] as const satisfies readonly (keyof Sample)[];
/** Behind them where the kernel says it, since version 1.1. */
const pressureFields = ["cpu", "memory", "io"] as const;

/** The kernel gives the load with two decimals. */
const loadSteps = 100;
/** The most workspaces, and changes of their projects, in one frame. */
const mostGroups = 512;

/** Readings of a server one after the other (PROTOCOL 11.8). */
const serverGroupSchema = z
  .strictObject({
    /** Each row ends with the three numbers of the server's pressure. */
    pressure: z.literal(true).optional(),
    rows: numberRowsSchema,
  })
  .refine(
    ({ pressure, rows }) => areReadable(rows, widthOf(pressure)),
    "must be rows of as many numbers as a server's reading has, none of which is ever below zero",
  );
export type ServerGroup = z.infer<typeof serverGroupSchema>;
export type ReadingGroup = ServerGroup | WorkspaceGroup;

/** What a frame holds: whatever is of this shape can be read. */
export const compactReadingsSchema = z
  .array(z.union([serverGroupSchema, workspaceGroupSchema]))
  .max(mostGroups)
  .refine((groups) => countReadings(groups) <= limits.historySamplesPerFrame, "has too many readings");
export type CompactReadings = readonly ReadingGroup[];

export function isOfWorkspace(group: ReadingGroup): group is WorkspaceGroup {
  return "workspace" in group;
}

function isOfServer(group: ReadingGroup): group is ServerGroup {
  return !isOfWorkspace(group);
}

/** The groups of the server itself, and those of its workspaces. */
export function splitReadings(groups: CompactReadings): {
  readonly server: readonly ServerGroup[];
  readonly workspaces: readonly WorkspaceGroup[];
} {
  return { server: groups.filter(isOfServer), workspaces: groups.filter(isOfWorkspace) };
}

/** How many readings of the server there are. */
export function countReadings(groups: CompactReadings): number {
  return groups.reduce((sum, group) => sum + (isOfWorkspace(group) ? 0 : group.rows.length), 0);
}

/** Writes a server's readings, in as many groups as their shape changes or a frame can hold. */
export function encodeReadings(samples: readonly Sample[]): ServerGroup[] {
  const groups: ServerGroup[] = [];
  let before: readonly number[] = [];
  for (const sample of samples) {
    const numbers = numbersOf(sample);
    const group = groups.at(-1);
    if (group && before.length === numbers.length && group.rows.length < limits.historySamplesPerFrame)
      group.rows.push(rowAfter(before, numbers));
    else groups.push({ ...(sample.pressure && { pressure: true }), rows: [numbers] });
    before = numbers;
  }
  return groups;
}

/** Reads what `encodeReadings` wrote and `compactReadingsSchema` accepted; of workspaces it reads nothing. */
export function decodeReadings(groups: CompactReadings): Sample[] {
  return groups.filter(isOfServer).flatMap(({ rows }) => unpackRows(rows).map(sampleOf));
}

/** What peers of version 1.0 can read of it: the server's own readings, without its pressure (PROTOCOL 1.6). */
export function firstReadings(groups: CompactReadings): ServerGroup[] {
  return groups
    .filter(isOfServer)
    .map((group) => (group.pressure ? { rows: group.rows.map((row) => row.slice(0, firstFields.length)) } : group));
}

function widthOf(pressure: true | undefined): number {
  return firstFields.length + (pressure ? pressureFields.length : 0);
}

function numbersOf(sample: Sample): number[] {
  const { pressure } = sample;
  return [
    ...firstFields.map((field) => (field === "load1" ? Math.round(sample.load1 * loadSteps) : sample[field])),
    ...(pressure ? pressureFields.map((field) => pressure[field]) : []),
  ];
}

function sampleOf(numbers: readonly number[]): Sample {
  const number = (index: number) => numbers[index] ?? 0;
  const named = Object.fromEntries(firstFields.map((field, index) => [field, number(index)])) as unknown as Sample;
  const sample = { ...named, load1: named.load1 / loadSteps };
  if (numbers.length === firstFields.length) return sample;
  const [cpu, memory, io] = pressureFields.map((_, index) => number(firstFields.length + index));
  return { ...sample, pressure: { cpu: cpu ?? 0, memory: memory ?? 0, io: io ?? 0 } };
}
