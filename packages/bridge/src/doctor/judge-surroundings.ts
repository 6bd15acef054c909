import type { DriverChoice } from "../drivers/choose-driver.ts";
import type { OpenedSandbox } from "../sandbox/open-sandbox.ts";
import { good, missing, weaker, type Finding } from "./finding.ts";

/** Who gives runs their limits here, or why nobody does. @param isWanted the owner wants it so */
export function judgeDriver({ driver, reason }: DriverChoice, { isWanted }: { readonly isWanted: boolean }): Finding {
  return driver === "process" && !isWanted ? weaker(reason) : good(reason);
}

type TriedSandbox = Pick<OpenedSandbox, "isolation" | "reason" | "facts">;

/** What keeps runs apart. */
export function judgeSandbox({ isolation, reason, facts }: TriedSandbox): Finding[] {
  if (isolation !== "hidden")
    return [
      missing(
        `no isolation: ${reason} Until then runs are refused, unless the bridge is started with --consent-no-isolation`,
      ),
    ];
  return [
    good("bubblewrap hides the bridge's files from runs"),
    good(
      facts.workspaceUsers
        ? "each workspace has a system user of its own"
        : "runs of all workspaces are the bridge's own user, since it is not root or not in charge of the machine's users",
    ),
    good(
      facts.network === "own"
        ? "runs that may reach everything have a network of their workspace's own"
        : `runs that may reach everything share this machine's network. ${facts.networkReason ?? ""}`,
    ),
  ];
}

/** Who starts the bridge where systemd does not. */
export function judgeWithoutSystemd({ isContainer }: { readonly isContainer: boolean }): Finding {
  return isContainer
    ? good("no systemd, in a container: its runtime starts the bridge again (docker run --restart=on-failure)")
    : weaker(
        "no systemd: nothing starts the bridge with the machine, or again when it fails. Have what starts your services do it: quarterdeck-bridge run",
      );
}

/** @param ownerUid whose the bridge's files are */
export function judgeTrialUser(ownerUid: number): Finding {
  return weaker(
    `isolation was tried as root, and the bridge runs as the user ${ownerUid} without a helper: ask as that user (setpriv --reuid ${ownerUid} --clear-groups quarterdeck-bridge doctor)`,
  );
}
