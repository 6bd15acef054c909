import { requireProcess } from "../world/sim-process.ts";

/** What the shipped code of a server says when it starts a wrapper. */
export const nodePath = "/usr/bin/node";

/** `process`, as the bridge and its wrappers use it. */
const simulated = {
  get pid(): number {
    return requireProcess().pid;
  },
  execPath: nodePath,
  on: (signal: string, listener: () => void) => requireProcess().onSignal(signal, listener),
  off: (signal: string, listener: () => void) => requireProcess().offSignal(signal, listener),
  kill: (pid: number, signal: string) => requireProcess().machine.signal(pid, signal),
};

export default simulated;
