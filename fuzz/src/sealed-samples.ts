import type { CommandId, RunId, ServerId, WorkspaceId } from "@quarterdeck/core/ids";
import type { Command } from "@quarterdeck/core/protocol/command";

// What the corpus was sealed with. The keys guard nothing: they were made for the fuzzer.

const zeros = "0".repeat(26);

export const sampleIds = {
  serverId: `srv_${zeros}` as ServerId,
  commandId: `cmd_${zeros}` as CommandId,
  runId: `run_${zeros}` as RunId,
  attempt: 1,
  projectId: null,
  workspaceId: `ws_${zeros}` as WorkspaceId,
  action: "exec",
  params: {},
} as const satisfies Partial<Command>;

export const sampleSealingKey = {
  publicKey: "dVFDOXvKDf3bxiJPkYBWKtYoZcfeTVSC37snP1MluCk",
  privateKey: "aOm4x2RCa1Luj9_DZzpuQ4n8Ze-56ThFS8cfDzvr7lc",
} as const;
export const sampleStreamKey = { epoch: 1, key: "k".repeat(43) } as const;
export const sampleSecretInput = { environment: { TOKEN: "secret" }, stdin: "typed" } as const;
/** Where the sealed input in the corpus was typed, and its clear bytes. */
export const sampleInputPlace = {
  runId: sampleIds.runId,
  turn: "t".repeat(22),
  writer: "w-1",
  seq: 1,
  isEnd: false,
} as const;
export const sampleTyped = "hi\n";
/** The clear bytes of the sealed output in the corpus. */
export const sampleOutput = "what the program said";
