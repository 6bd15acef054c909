/** What a container must be started with so that bubblewrap can make namespaces in it (docs/guide/servers.md). */
const containerOptions =
  "--security-opt seccomp=unconfined --security-opt apparmor=unconfined --security-opt systempaths=unconfined";

const mostSaid = 300;

/**
 * Why bubblewrap did not even start a program, and how to mend that: somebody forbids it the namespaces that it makes.
 *
 * @param errors what bubblewrap said
 */
export function explainBubblewrap(errors: string, { isContainer }: { readonly isContainer: boolean }): string {
  const mend = isContainer
    ? `Let this container make namespaces: start it again with ${containerOptions} (docker, podman), or run the bridge outside of it.`
    : "Let ordinary users make namespaces, as quarterdeck-bridge doctor says, or install the bridge with root.";
  const said = errors.trim().slice(0, mostSaid).replace(/\.$/, "");
  return `bubblewrap does not work here: ${said}. ${mend}`;
}
