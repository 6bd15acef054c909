import type { RunId } from "@quarterdeck/core/ids";
import type { InstalledRelease } from "./launch-state.ts";
import { launcherVariable, toBridgeSchema, type ToLauncher } from "./launcher-messages.ts";

/** The way of a bridge to the launcher that started it. */
export interface LauncherLink {
  /** Has the launcher start another version when this process ends. @throws Error when it cannot */
  switchTo(release: InstalledRelease, runId: RunId): Promise<void>;
  progress(text: string): void;
  /** This version works. */
  healthy(): void;
  /** Resolves when the launcher has made this version the one to run. */
  readonly confirmed: Promise<void>;
}

/** The link, or null for a bridge that was started without a launcher. */
export function openLauncherLink(variables: NodeJS.ProcessEnv, onGone: () => void): LauncherLink | null {
  const send = process.send?.bind(process);
  if (variables[launcherVariable] === undefined || !send) return null;
  const tell = (message: ToLauncher) => {
    // A launcher that is gone is noticed by the disconnect.
    if (process.connected) send(message, undefined, undefined, () => undefined);
  };
  const confirmed = Promise.withResolvers<void>();
  let switching: PromiseWithResolvers<void> | undefined;
  process.on("message", (raw) => {
    const message = toBridgeSchema.safeParse(raw).data;
    if (message?.type === "confirmed") confirmed.resolve();
    else if (message?.type === "switched") switching?.resolve();
    else if (message?.type === "notSwitched") switching?.reject(new Error(message.reason));
  });
  process.once("disconnect", onGone);
  return {
    switchTo(release, runId) {
      switching = Promise.withResolvers<void>();
      tell({ type: "switch", ...release, runId });
      return switching.promise;
    },
    progress: (text) => tell({ type: "progress", text }),
    healthy: () => tell({ type: "healthy" }),
    confirmed: confirmed.promise,
  };
}
