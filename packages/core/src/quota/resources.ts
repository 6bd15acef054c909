import * as z from "zod";
import { ResourceList } from "./amounts.ts";

const amount = z.int().min(0);

/**
 * An amount of each resource that is held while a run runs: what a run demands, what a server offers, what is in use.
 * Cpu in millicores, memory in bytes, `runs` is the number of runs at once. Whole numbers only.
 */
export const resourcesSchema = z.strictObject({ cpu: amount, memory: amount, runs: amount });

export type Resources = z.infer<typeof resourcesSchema>;

export const resourceNames = ["cpu", "memory", "runs"] as const satisfies readonly (keyof Resources)[];
export type ResourceName = (typeof resourceNames)[number];

export const noResources: Resources = { cpu: 0, memory: 0, runs: 0 };

/** What runs hold on a server, as vectors. */
export const runResources = new ResourceList(resourceNames);
