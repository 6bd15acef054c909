import { minuteMs } from "@quarterdeck/core/units";
import type { ActionContext } from "../actions/action-context.ts";
import type { DataDirectory } from "../data-directory.ts";
import { openSandbox } from "../drivers/process.ts";
import { processDriver } from "../drivers/process-driver.ts";
import { findProgram, searchPath } from "../drivers/search-path.ts";
import type { Log } from "../log.ts";
import { WrapperLauncher } from "../runs/wrapper-launcher.ts";
import { bootId as readBootId } from "../wrapper/processes.ts";
import type { HostEvents } from "./execution-host.ts";
import { LocalHost } from "./local-host.ts";

export interface LocalHostPlace extends HostEvents {
  readonly data: DataDirectory;
  readonly log: Log;
  /** The wrapper's bundle. */
  readonly wrapperScript: string;
  /** The owner's PATH. */
  readonly path: string | undefined;
  /** Where bubblewrap is, if it is not to be looked for. */
  readonly bubblewrap: string | undefined;
  /** Absolute, free of symbolic links. */
  readonly hidden: readonly string[];
  readonly lifeline: string | null;
  readonly hasConsent: boolean;
  /** What may run, as far as it is installed. */
  readonly programs: readonly string[];
}

/** Finds out what this machine has, and makes a host of it. */
export async function openLocalHost(place: LocalHostPlace): Promise<LocalHost> {
  const { data, log, hidden, bubblewrap, hasConsent } = place;
  const folders = searchPath(place.path).filter((folder) => !`${folder}/`.startsWith(`${data.path}/`));
  const sandbox = await openSandbox({ data, hidden, folders, bubblewrap, hasConsent });
  if (sandbox.isolation !== "hidden")
    log.warn("runs are not isolated", { isolation: sandbox.isolation, reason: sandbox.reason });
  const launcher = new WrapperLauncher({
    script: place.wrapperScript,
    pipeDirectory: data.path,
    maxPathLength: data.runs.length + 64,
    keepIdleMs: minuteMs,
  });
  const context: ActionContext & { readonly data: DataDirectory } = { data, sandbox, folders, users: null };
  return new LocalHost({
    ...place,
    context,
    driver: processDriver,
    launcher,
    programs: place.programs.filter((program) => findProgram(program, folders) !== undefined),
    bootId: readBootId(),
  });
}
