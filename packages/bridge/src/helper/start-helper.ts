import { existsSync } from "node:fs";
import { defaultPrograms } from "@quarterdeck/core/programs/programs";
import type { LimitEvidence } from "@quarterdeck/core/protocol/limit-evidence";
import { hourMs } from "@quarterdeck/core/units";
import type { DriverPreference } from "../drivers/choose-driver.ts";
import { openLocalHost } from "../host/open-local-host.ts";
import type { Log } from "../log.ts";
import { LocalPolicy, type PolicyPlace } from "../policy/local-policy.ts";
import { SealedParts } from "../verification/open-sealed-part.ts";
import { PlatformKeys } from "../verification/platform-keys.ts";
import { CommandGate } from "./command-gate.ts";
import { GuardedHost } from "./guarded-host.ts";
import type { HelperDirectory } from "./helper-directory.ts";
import { HelperServer } from "./helper-server.ts";
import { RunMemory } from "./run-memory.ts";
import { readTrust, trustedKeyStore } from "./trust-file.ts";

export interface HelperOptions {
  readonly directory: HelperDirectory;
  readonly trustFile: string;
  readonly socketPath: string;
  readonly gid: number | null;
  readonly log: Log;
  readonly nowMs: () => number;
  /** The file with the owner's policy. */
  readonly policy: PolicyPlace;
  /** The wrapper's bundle. */
  readonly wrapperScript: string;
  readonly path: string | undefined;
  readonly bubblewrap: string | undefined;
  readonly hidden: readonly string[];
  readonly driver: DriverPreference | null;
  /** Whether workspaces get networks of their own. */
  readonly ownNetworks: boolean;
}

export interface Helper {
  /** Stops listening; runs go on. */
  stop(): void;
}

/** Puts the parts of the helper together and starts them. */
export async function startHelper(options: HelperOptions): Promise<Helper> {
  const { directory, trustFile, log, nowMs } = options;
  const policy = new LocalPolicy({ ...options.policy, log });
  const { data } = directory;
  const trust = readTrust(trustFile);
  const keys = new PlatformKeys({ store: trustedKeyStore(trustFile), onFull: () => false });
  const memory = RunMemory.open(directory.memoryFile, { nowMs: nowMs(), log });
  // The host reads limits back at once, before there is somebody to tell.
  const early: LimitEvidence[] = [];
  let tell: (evidence: readonly LimitEvidence[]) => void = (evidence) => early.push(...evidence);
  const host = await openLocalHost({
    ...options,
    data,
    policy,
    lifeline: null,
    hasConsent: false,
    programs: defaultPrograms,
    onEvidence: (evidence) => tell(evidence),
  });
  const { serverId, keyFingerprint } = trust;
  const rules = { platformKeys: () => keys.trusted, serverId, keyFingerprint, programs: defaultPrograms, policy };
  const sealedParts = await SealedParts.with(trust.sealingKey);
  const gate = new CommandGate({ rules, sealedParts, memory, nowMs });
  const server = new HelperServer({
    socketPath: options.socketPath,
    gid: options.gid,
    handlers: new GuardedHost({ host, gate, memory, keys }),
    log,
  });
  tell = (evidence) => server.tell(evidence);
  server.tell(early);
  const prune = () => memory.prune(nowMs(), (runId) => existsSync(data.run(runId).path));
  prune();
  const pruning = setInterval(prune, hourMs);
  await server.listen();
  host.warmUp();
  log.info("helper is running", { serverId, isolation: host.facts.isolation, driver: host.facts.driver });
  return {
    stop() {
      clearInterval(pruning);
      server.close();
      host.close();
      memory.close();
    },
  };
}
