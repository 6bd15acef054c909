import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { isDeepStrictEqual } from "node:util";
import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { trustedKeys } from "@quarterdeck/core/protocol/key-set";
import { readHeldHeads, writeHeldHeads } from "../../../packages/bridge/src/audit/held-heads-file.ts";
import { readBridgeState } from "../../../packages/bridge/src/bridge-state.ts";
import { DataDirectory } from "../../../packages/bridge/src/data-directory.ts";
import { readTrust, writeTrust } from "../../../packages/bridge/src/helper/trust-file.ts";
import { readIdentity } from "../../../packages/bridge/src/identity.ts";
import { readConnectedAt } from "../../../packages/bridge/src/leases/held-lease-file.ts";
import { prepareStart, readLaunchState } from "../../../packages/bridge/src/update/launch-state.ts";
import { toBridgeSchema, toLauncherSchema } from "../../../packages/bridge/src/update/launcher-messages.ts";
import { mustHold, type FuzzTarget } from "../fuzz-target.ts";

const folder = mkdtempSync(join(tmpdir(), "quarterdeck-fuzz-"));
process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
const data = new DataDirectory(folder);

function identityIn(text: string): boolean {
  writeFileSync(data.identityFile, text);
  try {
    return readIdentity(data).serverId.startsWith("srv_");
  } catch (error) {
    mustHold(error instanceof QuarterdeckError, `an unreadable identity is told as ${String(error)}`);
    return false;
  }
}

function launchIn(text: string) {
  writeFileSync(data.launchFile, text);
  return readLaunchState(data);
}

/** Who the bridge is: whole, or refused with what to do. */
const identity: FuzzTarget = {
  name: "identity",
  grammar: "json",
  shapes: [{ name: "identity", isOne: identityIn }],
  check: (text) => void identityIn(text),
};

/** Which version to start, as a launcher of any version wrote it: never one that was started too often on probation. */
const launchState: FuzzTarget = {
  name: "launch-state",
  grammar: "json",
  shapes: [{ name: "launch-state", isOne: (text) => launchIn(text) !== undefined }],
  check(text) {
    const state = launchIn(text);
    if (state === undefined) return;
    const next = prepareStart(state, { packageVersion: "0.1.0", isThere: () => true, nowMs: 1 });
    mustHold(next.probation === null || next.probation.starts <= 3, "a version on probation is started for ever");
  },
};

/** What launcher and bridge say to each other, and what the bridge's state file says. */
const localMessages: FuzzTarget = {
  name: "local-messages",
  grammar: "json",
  check(text) {
    writeFileSync(data.stateFile, text);
    readBridgeState(data);
    let message: unknown;
    try {
      message = JSON.parse(text);
    } catch {
      return; // What comes between processes is parsed by Node.
    }
    toLauncherSchema.safeParse(message);
    toBridgeSchema.safeParse(message);
  },
};

/** When there was a connection last: what is no such time in this boot makes no run go on for longer. */
const heldLease: FuzzTarget = {
  name: "held-lease",
  grammar: "json",
  shapes: [{ name: "held-lease", isOne: (text) => (connectedAtIn(text) ?? 0) > 0 }],
  check(text) {
    const atMs = connectedAtIn(text);
    mustHold(atMs === undefined || (Number.isFinite(atMs) && atMs >= 0), `there was a connection at ${atMs}`);
  },
};

function connectedAtIn(text: string): number | undefined {
  writeFileSync(data.leaseFile, text);
  return readConnectedAt(data.leaseFile, "boot");
}

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

function heldHeadsIn(text: string) {
  writeFileSync(data.auditHeadsFile, text);
  return readHeldHeads(data, quiet);
}

/** What is held of the audit: what was written, or put aside. */
const heldHeadsFile: FuzzTarget = {
  name: "held-heads-file",
  grammar: "json",
  shapes: [{ name: "held-heads-file", isOne: (text) => heldHeadsIn(text) !== null }],
  check(text) {
    const held = heldHeadsIn(text);
    if (held === null) return mustHold(!existsSync(data.auditHeadsFile), "what cannot be read is not put aside");
    writeHeldHeads(data, held);
    mustHold(isDeepStrictEqual(readHeldHeads(data, quiet), held), "a head changes when it is kept");
  },
};

const isKey = (key: string) => /^[\w-]{43}$/.test(key);
const trustPath = join(folder, "trust.json");

function trustIn(text: string) {
  writeFileSync(trustPath, text);
  try {
    return readTrust(trustPath);
  } catch (error) {
    mustHold(error instanceof QuarterdeckError, `an unreadable file of keys is told as ${String(error)}`);
    return undefined;
  }
}

/** Whom a helper obeys: whole, or nobody. */
const trustFile: FuzzTarget = {
  name: "trust-file",
  grammar: "json",
  shapes: [{ name: "trust-file", isOne: (text) => trustIn(text) !== undefined }],
  check(text) {
    const trust = trustIn(text);
    if (trust === undefined) return;
    const keys = [trust.sealingKey.privateKey, ...trustedKeys(trust.platformKeys), ...trust.formerPlatformKeys];
    mustHold(trust.serverId.startsWith("srv_") && keys.every(isKey), "a helper obeys what is no key");
    writeTrust(trustPath, trust);
    mustHold(isDeepStrictEqual(readTrust(trustPath), trust), "trust changes when it is kept");
  },
};

export const bridgeFileTargets: readonly FuzzTarget[] = [
  identity,
  launchState,
  localMessages,
  heldLease,
  heldHeadsFile,
  trustFile,
];
