import type { Capabilities } from "@quarterdeck/core/protocol/capabilities";
import type { ProgramCall } from "../drivers/program-call.ts";

export interface SandboxPlace {
  /** The only folders that can be written. Absolute. */
  readonly writable: readonly string[];
  /** The system user of the workspace; null: the bridge's own (no root). */
  readonly user: { readonly uid: number; readonly gid: number } | null;
  readonly network: { readonly mode: "none" | "allowList" | "all"; readonly hosts: readonly string[] };
}

export interface Sandbox {
  readonly isolation: Capabilities["isolation"];
  /** Why isolation is not `hidden`. */
  readonly reason: string | null;
  wrap(call: ProgramCall, place: SandboxPlace): ProgramCall;
}
