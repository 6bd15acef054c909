import type { ActionParams } from "@quarterdeck/core/actions/catalogue";
import type { RunId } from "@quarterdeck/core/ids";
import type { DataDirectory } from "../data-directory.ts";
import type { Identity } from "../identity.ts";
import type { PlatformKeys } from "../verification/platform-keys.ts";
import { bridgeVersion } from "../version.ts";
import { decideUpdate } from "./decide-update.ts";
import { fetchRelease } from "./fetch-release.ts";
import { installRelease } from "./install-release.ts";
import { newLaunchState, readLaunchState } from "./launch-state.ts";
import type { LauncherLink } from "./launcher-link.ts";

interface UpdaterOptions {
  readonly data: DataDirectory;
  readonly identity: Pick<Identity, "apiUrl">;
  readonly platformKeys: Pick<PlatformKeys, "trusted">;
  readonly link: LauncherLink;
  /** The launcher will start another version: this process is to end. */
  readonly onSwitched: () => void;
}

type UpdateOutcome = { readonly kind: "done" } | { readonly kind: "failed"; readonly reason: string };

/** Replaces this bridge by another version, together with its launcher. */
export class Updater {
  readonly #options: UpdaterOptions;

  constructor(options: UpdaterOptions) {
    this.#options = options;
  }

  /**
   * Takes an update as far as this process can. After the switch it stays pending: the process ends, and the next version,
   * or the one that came back, takes the command up again from the journal.
   */
  async update(
    params: ActionParams<"bridge.update">,
    { runId, signal }: { runId: RunId; signal: AbortSignal },
  ): Promise<UpdateOutcome> {
    const { data, identity, platformKeys, link, onSwitched } = this.#options;
    const state = readLaunchState(data) ?? newLaunchState(bridgeVersion);
    const step = decideUpdate(params, { state, runningVersion: bridgeVersion, runId });
    if (step.kind === "awaitHealth") {
      await link.confirmed;
      return { kind: "done" };
    }
    if (step.kind !== "install") return step;
    // A version that has not shown yet that it works is no ground to leave.
    await link.confirmed;
    const archive = await fetchRelease({
      params,
      runningVersion: bridgeVersion,
      apiUrl: identity.apiUrl,
      platformKeys: platformKeys.trusted,
      signal,
    });
    installRelease(data, params.version, archive);
    await link.switchTo({ version: params.version, manifestHash: params.manifestHash }, runId);
    onSwitched();
    return new Promise(() => undefined);
  }
}
