import { realpathSync } from "node:fs";
import { defaultPrograms } from "@quarterdeck/core/programs/programs";
import type { ExecutionHost } from "./execution-host.ts";
import { openLocalHost, type LocalHostPlace } from "./open-local-host.ts";
import { RemoteHost } from "./remote-host.ts";

/** So long a helper that starts with this process is waited for before the platform is told that there is none. */
const helperWaitMs = 3000;

export interface HostPlace extends Omit<LocalHostPlace, "programs"> {
  /** Who starts the runs instead of this process, and where its files are. */
  readonly helper?: { readonly socketPath: string; readonly path: string };
  /** What is offered is not what it was. */
  readonly onFacts: () => void;
}

/** The host of a daemon: the helper where there is one, and this process otherwise. */
export async function openHost(place: HostPlace): Promise<ExecutionHost> {
  const { data, log, hidden, helper, onEvidence, onFacts } = place;
  if (helper) {
    const { socketPath, path: helperPath } = helper;
    const statementsFile = data.keyStatementsFile;
    const remote = new RemoteHost({ socketPath, helperPath, statementsFile, log, onEvidence, onFacts });
    await remote.open(helperWaitMs);
    return remote;
  }
  return openLocalHost({
    ...place,
    hidden: hidden.map((folder) => realpathSync(folder)),
    programs: defaultPrograms,
  });
}
