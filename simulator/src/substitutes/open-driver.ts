/** The driver of a machine where no groups can be made. */
export async function openDriver(): Promise<object> {
  return {
    driver: {
      name: "process",
      limited: [],
      applyLimits: async () => [],
      openRun: async () => ({ group: null, evidence: [] }),
      closeRun: async () => null,
      killRun: async () => undefined,
      usage: () => [],
      release: () => undefined,
    },
    reason: "Simulated machines have no control groups.",
  };
}
