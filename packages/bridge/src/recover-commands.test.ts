import { accept, refuse } from "@quarterdeck/core/errors/result";
import { actions } from "@quarterdeck/core/actions/catalogue";
import { signText } from "@quarterdeck/core/protocol/signing";
import { expect, it, vi } from "vitest";
import { newId, newKey } from "../test/fake-platform.ts";
import { recoverCommands } from "./recover-commands.ts";

it("starts nothing that the server's owner forbade while the bridge was away", async () => {
  const platform = await newKey();
  const command = {
    v: 1,
    commandId: newId("command"),
    runId: newId("run"),
    taskId: newId("task"),
    orgId: newId("org"),
    workspaceId: newId("workspace"),
    projectId: null,
    serverId: newId("server"),
    bridgeKeyFingerprint: "",
    action: "exec",
    effect: "once",
    params: { program: "make", args: [] },
    demand: actions.exec.demand,
    limits: { timeoutMs: 1000, outputBytes: 1000 },
    quota: null,
    network: { mode: "all", hosts: [] },
    priority: "normal",
    notBeforeMs: 0,
    expiresAtMs: 1,
    attempt: 1,
    sealedHash: null,
  };
  const text = { ...(await signText(platform.privateKey, "command", JSON.stringify(command))), sealed: null };
  const { commandId, runId } = command;
  const record = { commandId, runId, text, effect: "once", state: "RECEIVED" };
  const begin = vi.fn<() => void>();
  const forbidden = refuse("POLICY_FORBIDS", "line 2 forbids it");
  await recoverCommands({
    journal: { unfinished: () => ({ sound: [record], damaged: [] }), isBuried: () => false },
    runner: { begin },
    sealedParts: { open: () => Promise.resolve(accept(null)) },
    platformKeys: [platform.publicKey],
    policy: { judge: () => forbidden },
    log: { error: () => undefined },
  } as never);
  expect(begin).toHaveBeenCalledWith(record, command, expect.objectContaining({ refusal: forbidden.error }));
});
