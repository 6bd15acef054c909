/** The sandbox of a machine that has no bubblewrap, and whose owner agreed to that. */
export async function openSandbox(): Promise<object> {
  const reason = "Simulated machines have no bubblewrap.";
  return {
    isolation: "consented",
    reason,
    users: null,
    egress: null,
    networks: null,
    facts: { reason, workspaceUsers: false, network: "shared", networkReason: null },
    wrap: (call: object) => call,
  };
}
