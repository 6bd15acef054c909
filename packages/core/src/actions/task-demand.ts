import * as z from "zod";
import { coreMillicores, gibibyte, mebibyte } from "../units.ts";
import type { Resources } from "../quota/resources.ts";
import { actions, type ActionName } from "./catalogue.ts";

/** Less starts no program, and more has no machine. What a task may have besides, its limits and its server say. */
const bounds = {
  cpu: { least: 10, most: 1024 * coreMillicores },
  memory: { least: 16 * mebibyte, most: 16 * 1024 * gibibyte },
} as const;

/** What a task says of its own demand. What it leaves out is its action's. */
export const taskDemandSchema = z.strictObject({
  /** Millicores. */
  cpu: z.int().min(bounds.cpu.least).max(bounds.cpu.most).optional(),
  /** Bytes. */
  memory: z.int().min(bounds.memory.least).max(bounds.memory.most).optional(),
});
export type TaskDemand = z.infer<typeof taskDemandSchema>;

/** Whether a run of an action reserves anything, so that a task may say how much. */
export function takesDemand(name: ActionName): boolean {
  return actions[name].demand.runs > 0;
}

/** What a run reserves. */
export function demandOf(name: ActionName, own: TaskDemand | null): Resources {
  const { demand } = actions[name];
  return { ...demand, cpu: own?.cpu ?? demand.cpu, memory: own?.memory ?? demand.memory };
}
