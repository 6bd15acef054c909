import type { Capabilities } from "@quarterdeck/core/protocol/capabilities";
import type { GroupPath } from "../drivers/driver.ts";
import type { ProgramCall } from "../drivers/program-call.ts";

/** What of a machine a run gets. */
export interface SandboxPlace {
  /** The only folders that can be written. Absolute. */
  readonly writable: readonly string[];
  /** The system user of the workspace; null: the bridge's own (no root). */
  readonly user: { readonly uid: number; readonly gid: number } | null;
  /** Whose traffic it is, where it may have any. */
  readonly of?: GroupPath;
  readonly network: PlaceNetwork;
  /** What the project was promised, where the call itself has less for its own good. */
  readonly promised?: PlaceNetwork;
}

interface PlaceNetwork {
  readonly mode: "none" | "allowList" | "all";
  readonly hosts: readonly string[];
}

/** Keeps runs from whatever is not theirs. */
export interface Sandbox {
  readonly isolation: Capabilities["isolation"];
  /** Why isolation is not `hidden`. */
  readonly reason: string | null;
  /** Throws a `QuarterdeckError` when this machine cannot keep a run to its place. */
  wrap(call: ProgramCall, place: SandboxPlace): ProgramCall;
}
