import * as z from "zod";
import { idSchema, type ProjectId, type RunId, type WorkspaceId } from "../ids.ts";
import { areReadable, numberRowsSchema, rowAfter, rowsPerGroup, unpackRows } from "./number-rows.ts";
import type { Pressure } from "./telemetry.ts";

/** Bytes that passed over the network, counted from some moment on. Counters that went back began anew. */
export interface NetworkCount {
  readonly received: number;
  readonly sent: number;
}

/** What a workspace or a project uses at a moment. */
export interface NodeUsage {
  /** Millicores. */
  readonly cpu: number;
  readonly memory: number;
  /** Processes and threads. */
  readonly tasks: number;
  readonly runs: number;
  /** Null: not measured. */
  readonly disk: number | null;
  /** Null: the kernel does not say. */
  readonly pressure: Pressure | null;
  /** Null: its traffic cannot be told from that of others. */
  readonly network: NetworkCount | null;
}

const keyLength = 8;
/** The end of a project's id, 40 random bits: enough among the projects of one server, which a reader knows. */
export type ProjectKey = string;

/** What readings call a project. */
export function projectKey(projectId: ProjectId): ProjectKey {
  return projectId.slice(-keyLength);
}

export interface ProjectUsage extends NodeUsage {
  readonly project: ProjectKey;
}

/** A run that goes on, and what it uses: cpu in millicores. */
export interface RunUsage {
  readonly runId: RunId;
  readonly cpu: number;
  readonly memory: number;
  readonly tasks: number;
}

/** A reading of one workspace, and of its projects. */
export interface WorkspaceReading extends NodeUsage {
  readonly workspaceId: WorkspaceId;
  readonly atMs: number;
  readonly projects: readonly ProjectUsage[];
  /** Those that use most, the first of all. */
  readonly topRuns: readonly RunUsage[];
}

/** The most runs of a workspace that a reading names. */
export const mostTopRuns = 5;
/** The most projects of a workspace that a reading counts. */
export const mostProjects = 200;
const firstWidth = 8;
/** Behind them, where something is known of somebody's network, since version 1.2. */
const networkWidth = 2;
const count = z.int().min(0);

function usageWidth(network: true | undefined): number {
  return firstWidth + (network ? networkWidth : 0);
}

function widthOf(projects: string, network: true | undefined): number {
  return 1 + usageWidth(network) * (1 + projects.length / keyLength);
}

/**
 * Readings of one workspace, one after the other, of the same projects (PROTOCOL 11.10): the time, then the numbers of the
 * workspace and of each project. They are in a group of their own, so that who may not see the workspace is not sent it.
 */
export const workspaceGroupSchema = z
  .strictObject({
    workspace: idSchema("workspace"),
    /** The keys of the projects without anything between them; left out where there are none. */
    projects: z
      .string()
      .regex(/^[0-9a-hjkmnp-tv-z]+$/, "must be the ends of project ids")
      .max(mostProjects * keyLength)
      .optional(),
    /** The runs that use most at the last of the moments: id, cpu, memory, tasks. */
    runs: z
      .array(z.tuple([idSchema("run"), count, count, count]))
      .min(1)
      .max(mostTopRuns)
      .optional(),
    /** The workspace and each project have two numbers more: what came in, and what went out. */
    network: z.literal(true).optional(),
    rows: numberRowsSchema,
  })
  .refine(
    ({ projects = "", network, rows }) => areReadable(rows, widthOf(projects, network)),
    "must be rows of as many numbers as its projects need, none of which is ever below zero",
  );
export type WorkspaceGroup = z.infer<typeof workspaceGroupSchema>;

/** Writes readings of workspaces, each workspace in as many groups as its projects change or a frame can hold. */
export function encodeWorkspaces(readings: readonly WorkspaceReading[]): WorkspaceGroup[] {
  const groups: WorkspaceGroup[] = [];
  const open = new Map<WorkspaceId, { readonly group: WorkspaceGroup; before: readonly number[] }>();
  for (const reading of readings) {
    const projects = reading.projects.map(({ project }) => project).join("");
    const nodes = [reading, ...reading.projects];
    const network = nodes.some((node) => node.network !== null) || undefined;
    const numbers = [reading.atMs, ...nodes.flatMap((node) => numbersOf(node, network))];
    const last = open.get(reading.workspaceId);
    const fits = last !== undefined && last.group.rows.length < rowsPerGroup(numbers.length);
    if (fits && (last.group.projects ?? "") === projects && last.group.network === network) {
      last.group.rows.push(rowAfter(last.before, numbers));
      last.before = numbers;
      nameRuns(last.group, reading.topRuns);
      continue;
    }
    const group: WorkspaceGroup = {
      workspace: reading.workspaceId,
      ...(projects === "" ? {} : { projects }),
      ...(network && { network }),
      rows: [numbers],
    };
    nameRuns(group, reading.topRuns);
    groups.push(group);
    open.set(reading.workspaceId, { group, before: numbers });
  }
  return groups;
}

/** Reads what `encodeWorkspaces` wrote and `workspaceGroupSchema` accepted. */
export function decodeWorkspaces(groups: readonly WorkspaceGroup[]): WorkspaceReading[] {
  return groups.flatMap(({ workspace, projects = "", network, runs = [], rows }) =>
    unpackRows(rows).map((numbers, row): WorkspaceReading => {
      const usages = Array.from({ length: projects.length / keyLength }, (_, index) => ({
        project: projects.slice(index * keyLength, (index + 1) * keyLength),
        ...usageAt(numbers, { at: 1 + usageWidth(network) * (index + 1), network }),
      }));
      const isLast = row === rows.length - 1;
      const topRuns = isLast ? runs.map(([runId, cpu, memory, tasks]) => ({ runId, cpu, memory, tasks })) : [];
      return {
        workspaceId: workspace,
        atMs: numbers[0] ?? 0,
        ...usageAt(numbers, { at: 1, network }),
        projects: usages,
        topRuns,
      };
    }),
  );
}

/** What peers of version 1.1 can read of it: each workspace without what passed over its network (PROTOCOL 1.6). */
export function withoutNetwork({ network, ...group }: WorkspaceGroup): WorkspaceGroup {
  if (!network) return group;
  const width = usageWidth(network);
  const isFirst = (index: number) => index === 0 || (index - 1) % width < firstWidth;
  return { ...group, rows: group.rows.map((row) => row.filter((_, index) => isFirst(index))) };
}

function nameRuns(group: WorkspaceGroup, topRuns: readonly RunUsage[]): void {
  if (topRuns.length === 0) delete group.runs;
  else group.runs = topRuns.map(({ runId, cpu, memory, tasks }) => [runId, cpu, memory, tasks]);
}

/** What is not known is zero, and what is known is one more than it is. */
function numbersOf(usage: NodeUsage, hasNetwork: true | undefined): number[] {
  const { cpu, memory, tasks, runs, disk, pressure, network } = usage;
  const known = (number: number | undefined | null) => (number === undefined || number === null ? 0 : number + 1);
  const first = [cpu, memory, tasks, runs, known(disk)];
  const ofPressure = [known(pressure?.cpu), known(pressure?.memory), known(pressure?.io)];
  return [...first, ...ofPressure, ...(hasNetwork ? [known(network?.received), known(network?.sent)] : [])];
}

function usageAt(
  numbers: readonly number[],
  { at, network }: { readonly at: number; readonly network: true | undefined },
): NodeUsage {
  const number = (offset: number) => numbers[at + offset] ?? 0;
  const ifKnown = (offset: number) => Math.max(0, number(offset) - 1);
  return {
    cpu: number(0),
    memory: number(1),
    tasks: number(2),
    runs: number(3),
    disk: number(4) === 0 ? null : ifKnown(4),
    pressure: number(5) === 0 ? null : { cpu: ifKnown(5), memory: ifKnown(6), io: ifKnown(7) },
    network: network && number(8) > 0 ? { received: ifKnown(8), sent: ifKnown(9) } : null,
  };
}
