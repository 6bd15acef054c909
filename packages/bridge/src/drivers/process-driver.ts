import type { Driver } from "./driver.ts";

/** The driver `process`: runs are ordinary processes, without groups and without limits. */
export const processDriver: Driver = {
  name: "process",
  limited: [],
  applyLimits: async () => [],
  openRun: async () => ({ group: null, evidence: [] }),
  closeRun: async () => null,
  killRun: async () => undefined,
  freeze: async () => undefined,
  thaw: async () => undefined,
  usage: () => [],
  remove: async () => undefined,
};
