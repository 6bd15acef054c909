import * as z from "zod";
import { accept, refuse, type Result } from "../errors/result.ts";
import { idSchema, type ProjectId } from "../ids.ts";
import { sampleSchema, type Sample } from "./telemetry.ts";

/** What the runs of one project use at a moment. */
export interface ProjectUsage {
  readonly projectId: ProjectId;
  /** Millicores. */
  readonly cpu: number;
  readonly memory: number;
  readonly runs: number;
}

/** A reading of a server and of each of its projects. */
export interface Reading {
  readonly server: Sample;
  readonly projects: readonly ProjectUsage[];
}

const count = z.int().min(0);
const projectUsageSchema = z.strictObject({ projectId: idSchema("project"), cpu: count, memory: count, runs: count });
const readingSchema = z.strictObject({ server: sampleSchema, projects: z.array(projectUsageSchema) });

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

/**
 * A reading on the wire: whole numbers in the order of the fields, first the server's, then each project's. With `ids` it
 * stands for itself (a keyframe); without, each number is the difference to the reading before on the same connection, and
 * the projects are the same.
 */
export const compactReadingSchema = z.strictObject({
  ids: z.array(idSchema("project")).optional(),
  n: z.array(z.int()),
});
export type CompactReading = z.infer<typeof compactReadingSchema>;

function numbersOf({ server, projects }: Reading): number[] {
  return [
    ...serverFields.map((field) => (field === "load1" ? Math.round(server.load1 * loadSteps) : server[field])),
    ...projects.flatMap((project) => projectFields.map((field) => project[field])),
  ];
}

function hasSameProjects(one: Reading, other: Reading): boolean {
  return (
    one.projects.length === other.projects.length &&
    one.projects.every(({ projectId }, index) => projectId === other.projects[index]?.projectId)
  );
}

/**
 * Writes a reading as what changed since the one before; as a keyframe when there is none, or the projects are others.
 *
 * @param before the reading that was sent before on this connection
 */
export function encodeReading(before: Reading | null, reading: Reading): CompactReading {
  const numbers = numbersOf(reading);
  if (before === null || !hasSameProjects(before, reading)) {
    return { ids: reading.projects.map(({ projectId }) => projectId), n: numbers };
  }
  const earlier = numbersOf(before);
  return { n: numbers.map((number, index) => number - (earlier[index] ?? 0)) };
}

/**
 * Reads what `encodeReading` wrote.
 *
 * @param before the reading that came before on this connection
 * @returns the reading, or `PROTOCOL_VIOLATION` when it follows nothing, has too few numbers, or makes no reading
 */
export function decodeReading(before: Reading | null, { ids, n }: CompactReading): Result<Reading> {
  const earlier = ids || before === null ? null : numbersOf(before);
  const projectIds = ids ?? before?.projects.map(({ projectId }) => projectId);
  if (!projectIds) return refuse("PROTOCOL_VIOLATION", "The first reading of a connection must stand for itself.");
  if (n.length !== serverFields.length + projectIds.length * projectFields.length) {
    return refuse("PROTOCOL_VIOLATION", `A reading of ${projectIds.length} projects has ${n.length} numbers.`);
  }
  const numbers = n.map((number, index) => number + (earlier?.[index] ?? 0));
  const server = Object.fromEntries(serverFields.map((field, index) => [field, numbers[index]])) as unknown as Sample;
  const projects = projectIds.map((projectId, row) => {
    const at = serverFields.length + row * projectFields.length;
    return { projectId, ...Object.fromEntries(projectFields.map((field, index) => [field, numbers[at + index]])) };
  });
  const reading = { server: { ...server, load1: server.load1 / loadSteps }, projects };
  const parsed = readingSchema.safeParse(reading);
  return parsed.success
    ? accept(parsed.data)
    : refuse("PROTOCOL_VIOLATION", `The reading is none: ${z.prettifyError(parsed.error).slice(0, 500)}`);
}
