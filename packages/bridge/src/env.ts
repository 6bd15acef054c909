import { homedir } from "node:os";
import { join } from "node:path";
import { driverPreferences, type DriverPreference } from "./drivers/choose-driver.ts";

/** Everything that the bridge reads from its environment, but for HTTPS_PROXY and the like (`connection/proxy.ts`). */
export interface Environment {
  /** Where programs are looked for. */
  readonly path: string | undefined;
  /** Where bubblewrap is, for a machine that has it elsewhere than on the PATH. */
  readonly bubblewrap: string | undefined;
  /** Whether workspaces get networks of their own, for which the bridge changes the machine's. */
  readonly ownNetworks: boolean;
  /** The token for `enrol`, for whoever does not want it in a process list. */
  readonly enrolToken: string | undefined;
  readonly defaultData: string;
  /** What limits runs, where the owner wants another than the best that the machine has. */
  readonly driver: DriverPreference | null;
  /** The file with the owner's policy, if somebody named one. */
  readonly policy: string | undefined;
  /** How long a new version of the bridge has to show that it works. */
  readonly probationMs: number;
}

const probationDefaultMs = 60_000;

export function readEnvironment(variables: NodeJS.ProcessEnv): Environment {
  const dataHome = variables["XDG_DATA_HOME"];
  const probation = variables["QUARTERDECK_PROBATION_MS"] ?? "";
  const ownData = dataHome?.startsWith("/") ? dataHome : join(homedir(), ".local/share");
  return {
    path: variables["PATH"],
    bubblewrap: variables["QUARTERDECK_BUBBLEWRAP"],
    ownNetworks: variables["QUARTERDECK_OWN_NETWORKS"] === "1",
    enrolToken: variables["QUARTERDECK_ENROL_TOKEN"],
    defaultData: process.getuid?.() === 0 ? "/var/lib/quarterdeck-bridge" : join(ownData, "quarterdeck-bridge"),
    driver: driverPreferences.find((name) => name === variables["QUARTERDECK_DRIVER"]) ?? null,
    policy: variables["QUARTERDECK_POLICY"],
    probationMs: /^[1-9]\d{0,6}$/.test(probation) ? Number(probation) : probationDefaultMs,
  };
}
