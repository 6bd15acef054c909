import type { RunId, WorkspaceId } from "@quarterdeck/core/ids";
import type { Sample, TelemetryGap } from "@quarterdeck/core/protocol/telemetry";
import type { ViewerToRelay } from "@quarterdeck/core/protocol/viewer-to-relay";
import type { WorkspaceReading } from "@quarterdeck/core/protocol/workspace-readings";
import type { OutputPiece } from "./output-assembler.ts";

/** A piece of a run's output as it comes: only the shell has the keys and the time to open it. */
export interface SealedPiece {
  readonly offset: number;
  readonly data: string;
  readonly isEnd: boolean;
}

/** A signed permission to watch, as `servers.viewerTicket` gives it, and what it was asked for. */
export interface Ticket {
  readonly path: string;
  readonly ticket: string;
  readonly connectionExpiresAtMs: number;
  readonly telemetry: boolean;
  readonly workspaceIds: readonly WorkspaceId[];
  readonly runIds: readonly RunId[];
}

/** How the connection to the relay is doing. */
export type Phase = "idle" | "connecting" | "open" | "waiting";

/** Everything that can happen to a viewer session. */
export type ViewerEvent =
  | { readonly type: "wantTelemetry"; readonly isWanted: boolean; readonly historyMs: number }
  /** The workspaces whose readings are wanted from now on. */
  | { readonly type: "wantWorkspaces"; readonly workspaceIds: readonly WorkspaceId[] }
  | { readonly type: "wantOutput"; readonly runId: RunId; readonly fromOffset: number }
  | { readonly type: "dropOutput"; readonly runId: RunId }
  | { readonly type: "ticket"; readonly ticket: Ticket }
  | { readonly type: "ticketFailed" }
  /** There is nothing to watch any more, and asking again would bring the same. */
  | { readonly type: "ticketRefused"; readonly reason: string }
  | { readonly type: "opened" }
  | { readonly type: "closed" }
  | { readonly type: "frame"; readonly text: string }
  /** A sealed piece was opened. */
  | { readonly type: "piece"; readonly runId: RunId; readonly piece: OutputPiece }
  /** A sealed piece could not be opened. */
  | { readonly type: "unreadable"; readonly runId: RunId; readonly reason: string }
  /** All pieces that came before a gap are opened. */
  | { readonly type: "skip"; readonly runId: RunId; readonly fromOffset: number; readonly toOffset: number | null }
  /** Time passed; at most a few seconds lie between two of them. */
  | { readonly type: "tick" }
  /** The machine's network came back: do not sit out the delay. */
  | { readonly type: "networkIsBack" };

/** Everything that a viewer session may ask of its shell, in this order. */
export type ViewerEffect =
  | {
      readonly type: "fetchTicket";
      readonly telemetry: boolean;
      readonly workspaceIds: readonly WorkspaceId[];
      readonly runIds: readonly RunId[];
    }
  | { readonly type: "connect"; readonly path: string; readonly ticket: string }
  | { readonly type: "send"; readonly frame: ViewerToRelay }
  | { readonly type: "ping" }
  | { readonly type: "disconnect" }
  | { readonly type: "phase"; readonly phase: Phase }
  | {
      readonly type: "readings";
      readonly samples: readonly Sample[];
      readonly gaps: readonly TelemetryGap[];
      readonly workspaces: readonly WorkspaceReading[];
    }
  | { readonly type: "server"; readonly isOnline: boolean; readonly sinceMs: number }
  /** Open this piece, after those of the same run that came before it. */
  | { readonly type: "open"; readonly runId: RunId; readonly piece: SealedPiece }
  | { readonly type: "unreadable"; readonly runId: RunId; readonly reason: string }
  /** Come back with the same as an event, after the pieces of the same run that came before it. */
  | { readonly type: "skip"; readonly runId: RunId; readonly fromOffset: number; readonly toOffset: number | null }
  | { readonly type: "output"; readonly runId: RunId; readonly bytes: Uint8Array; readonly isEnd: boolean }
  | { readonly type: "gap"; readonly runId: RunId; readonly fromOffset: number; readonly toOffset: number | null }
  | { readonly type: "refused"; readonly code: string; readonly message: string };
