import type { RunId, ServerId } from "@quarterdeck/core/ids";
import type { Identity } from "../../../packages/bridge/src/identity.ts";

/** What the storm tells a process of sessions. */
export type ToHost =
  | {
      readonly type: "open";
      readonly identities: readonly Identity[];
      readonly folder: string;
    }
  /** Runs that wait for their end may end, and those that come later at once. */
  | { readonly type: "release" }
  | { readonly type: "close" };

/** What it says. */
export type FromHost =
  | { readonly type: "online"; readonly serverId: ServerId; readonly atMs: number }
  | { readonly type: "offline"; readonly serverId: ServerId }
  | { readonly type: "began"; readonly runId: RunId };
