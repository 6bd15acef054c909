import * as z from "zod";
import { coreMillicores, gibibyte } from "../units.ts";

const amount = z.int().min(0);

/** The quota that a workspace or project is given by name. Data of the operator, who may change it and add others. */
export const presetSchema = z.strictObject({
  /** Millicores. */
  cpu: amount,
  /** Bytes. */
  memory: amount,
  /** Bytes. */
  disk: amount,
  /** Bytes per second that are read from the disk, and that are written. */
  io: amount,
  /** Runs at once. */
  runs: amount,
  /** Services that run at once. */
  services: amount,
});
export type Preset = z.infer<typeof presetSchema>;

const presetNameSchema = z.string().regex(/^[a-z][a-z0-9-]{0,31}$/, "Use up to 32 small letters, digits and hyphens.");

/** All presets by name: at least one. */
export const presetsSchema = z
  .record(presetNameSchema, presetSchema)
  .refine((presets) => Object.keys(presets).length > 0, "Keep at least one preset.");
export type Presets = z.infer<typeof presetsSchema>;

/** What is there before an operator changes it. */
export const defaultPresets = {
  starter: preset({ cores: 1, memoryGiB: 2, diskGiB: 10, ioMegabytes: 50, runs: 10, services: 5 }),
  small: preset({ cores: 2, memoryGiB: 4, diskGiB: 50, ioMegabytes: 100, runs: 20, services: 10 }),
  medium: preset({ cores: 4, memoryGiB: 8, diskGiB: 100, ioMegabytes: 200, runs: 50, services: 20 }),
  large: preset({ cores: 8, memoryGiB: 16, diskGiB: 500, ioMegabytes: 400, runs: 100, services: 50 }),
  xlarge: preset({ cores: 16, memoryGiB: 32, diskGiB: 1024, ioMegabytes: 800, runs: 200, services: 100 }),
} as const satisfies Presets;

interface PresetSize {
  readonly cores: number;
  readonly memoryGiB: number;
  readonly diskGiB: number;
  readonly ioMegabytes: number;
  readonly runs: number;
  readonly services: number;
}

function preset(size: PresetSize): Preset {
  return {
    cpu: size.cores * coreMillicores,
    memory: size.memoryGiB * gibibyte,
    disk: size.diskGiB * gibibyte,
    io: size.ioMegabytes * 1e6,
    runs: size.runs,
    services: size.services,
  };
}
