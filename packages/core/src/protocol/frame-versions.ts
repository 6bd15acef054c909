import type { BridgeToRelay } from "./bridge-to-relay.ts";
import type { Version } from "./version.ts";

const first: Version = { major: 1, minor: 0 };

/** Since which version each frame of a bridge is spoken (PROTOCOL 1.6). A frame that is new gets the version that brings it. */
export const bridgeFramesSince: Readonly<Record<BridgeToRelay["type"], Version>> = {
  hello: first,
  ack: first,
  results: first,
  keysTaken: first,
  telemetry: first,
  history: first,
  condition: first,
  output: first,
  gap: first,
  inputState: first,
  heldHeads: first,
  evidence: first,
};

/** Since when readings may hold what is not of version 1.0: pressure, and workspaces (PROTOCOL 11.10). */
export const workspaceReadingsSince: Version = { major: 1, minor: 1 };
/** And since when those of workspaces may hold what passed over the network. */
export const networkReadingsSince: Version = { major: 1, minor: 2 };

/** Since when a result may say what its run used (PROTOCOL 4.15). */
export const runUseSince: Version = { major: 1, minor: 2 };
