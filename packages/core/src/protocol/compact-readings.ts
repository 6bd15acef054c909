import * as z from "zod";
import type { ProjectId } from "../ids.ts";
import { limits } from "./limits.ts";
import type { Sample } from "./telemetry.ts";

/** What the runs of one project use at a moment. */
export interface ProjectUsage {
  readonly project: ProjectKey;
  /** Millicores. */
  readonly cpu: number;
  readonly memory: number;
  readonly runs: number;
}

/** A reading of a server, and of its projects where their use is known. */
export interface Reading extends Sample {
  readonly projects?: readonly ProjectUsage[];
}

const keyLength = 8;
/** The end of a project's id, 40 random bits: enough among the projects of one server, which a reader knows. */
export type ProjectKey = string;

/** What readings call a project. */
export function projectKey(projectId: ProjectId): ProjectKey {
  return projectId.slice(-keyLength);
}

const serverFields = [
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
const projectFields = ["cpu", "memory", "runs"] as const satisfies readonly (keyof ProjectUsage)[];

/** The kernel gives the load with two decimals. */
const loadSteps = 100;
const mostProjects = 200;

/**
 * Readings one after the other, of the same projects (PROTOCOL 11.8): a row of whole numbers each, first the server's, then
 * each project's. The first row stands for itself; in each further one a number is the difference to the row before.
 */
const readingGroupSchema = z
  .strictObject({
    /** The keys of the projects without anything between them; left out where there are none. */
    projects: z
      .string()
      .regex(/^[0-9a-hjkmnp-tv-z]+$/, "must be the ends of project ids")
      .max(mostProjects * keyLength)
      .optional(),
    rows: z.array(z.array(z.int())).min(1).max(limits.historySamplesPerFrame),
  })
  .refine(isReadable, "must be rows of as many numbers as its projects need, none of which is ever below zero");
export type ReadingGroup = z.infer<typeof readingGroupSchema>;

/** What a frame holds: whatever is of this shape can be read. */
export const compactReadingsSchema = z
  .array(readingGroupSchema)
  .refine((groups) => countReadings(groups) <= limits.historySamplesPerFrame, "has too many readings");
export type CompactReadings = readonly ReadingGroup[];

/** How many readings there are. */
export function countReadings(groups: CompactReadings): number {
  return groups.reduce((sum, { rows }) => sum + rows.length, 0);
}

/** Writes readings, in as many groups as their projects change or a frame can hold. */
export function encodeReadings(readings: readonly Reading[]): ReadingGroup[] {
  const groups: ReadingGroup[] = [];
  let before: readonly number[] = [];
  for (const reading of readings) {
    const projects = (reading.projects ?? []).map(({ project }) => project).join("");
    const numbers = numbersOf(reading);
    const group = groups.at(-1);
    if (group && (group.projects ?? "") === projects && group.rows.length < limits.historySamplesPerFrame)
      group.rows.push(numbers.map((number, index) => number - (before[index] ?? 0)));
    else groups.push({ ...(projects === "" ? {} : { projects }), rows: [numbers] });
    before = numbers;
  }
  return groups;
}

/** Reads what `encodeReadings` wrote and `compactReadingsSchema` accepted. */
export function decodeReadings(groups: CompactReadings): Reading[] {
  return groups.flatMap(({ projects = "", rows }) => {
    let before: readonly number[] = [];
    return rows.map((row) => {
      before = row.map((number, index) => number + (before[index] ?? 0));
      return readingOf(before, projects);
    });
  });
}

function numbersOf(reading: Reading): number[] {
  return [
    ...serverFields.map((field) => (field === "load1" ? Math.round(reading.load1 * loadSteps) : reading[field])),
    ...(reading.projects ?? []).flatMap((project) => projectFields.map((field) => project[field])),
  ];
}

function readingOf(numbers: readonly number[], projects: string): Reading {
  const number = (index: number) => numbers[index] ?? 0;
  const named = Object.fromEntries(serverFields.map((field, index) => [field, number(index)])) as unknown as Sample;
  const server = { ...named, load1: named.load1 / loadSteps };
  if (projects === "") return server;
  const usages = Array.from({ length: projects.length / keyLength }, (_, row) => {
    const at = serverFields.length + row * projectFields.length;
    const project = projects.slice(row * keyLength, (row + 1) * keyLength);
    return { project, cpu: number(at), memory: number(at + 1), runs: number(at + 2) };
  });
  return { ...server, projects: usages };
}

/** Without making readings of it: a relay does this with every frame, and passes it on as it came. */
function isReadable({ projects = "", rows }: { readonly projects?: string | undefined; readonly rows: number[][] }) {
  const width = serverFields.length + (projects.length / keyLength) * projectFields.length;
  const sums: number[] = [];
  return rows.every(
    (row) =>
      row.length === width &&
      row.every((number, index) => {
        const sum = (sums[index] ?? 0) + number;
        sums[index] = sum;
        return sum >= 0 && Number.isSafeInteger(sum);
      }),
  );
}
