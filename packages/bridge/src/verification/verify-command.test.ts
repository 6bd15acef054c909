import { actions } from "@quarterdeck/core/actions/catalogue";
import { anyNetwork } from "@quarterdeck/core/protocol/command";
import { signText, type SignedText } from "@quarterdeck/core/protocol/signing";
import { beforeAll, describe, expect, it } from "vitest";
import { accept } from "@quarterdeck/core/errors/result";
import { newId, newKey } from "../../test/fake-platform.ts";
import { readUnverifiedIds } from "./unverified-ids.ts";
import { verifyCommand, type VerificationRules } from "./verify-command.ts";

const nowMs = 1_000_000_000;
let platform: Awaited<ReturnType<typeof newKey>>;
let rules: VerificationRules;
beforeAll(async () => {
  platform = await newKey();
  rules = {
    platformKeys: () => [platform.publicKey],
    serverId: newId("server") as VerificationRules["serverId"],
    keyFingerprint: "SHA256:own",
    policy: { judge: accept },
  };
});

function body(changes: Record<string, unknown> = {}): Record<string, unknown> {
  return {
    v: 1,
    commandId: newId("command"),
    runId: newId("run"),
    taskId: newId("task"),
    orgId: newId("org"),
    workspaceId: newId("workspace"),
    projectId: null,
    serverId: rules.serverId,
    bridgeKeyFingerprint: rules.keyFingerprint,
    action: "exec",
    effect: "once",
    params: { program: "echo", args: ["x"] },
    demand: actions.exec.demand,
    limits: { timeoutMs: 1000, outputBytes: 1000 },
    quota: null,
    network: anyNetwork,
    priority: "normal",
    notBeforeMs: nowMs,
    expiresAtMs: nowMs + 1000,
    attempt: 1,
    sealedHash: null,
    ...changes,
  };
}
const sign = (changes?: Record<string, unknown>) =>
  signText(platform.privateKey, "command", JSON.stringify(body(changes)));
const verdict = async (text: SignedText, at = nowMs) => {
  const checked = await verifyCommand(text, rules, at);
  return checked.ok ? "accepted" : checked.error.code;
};

describe("a command", () => {
  it("that the platform signed for this bridge is accepted", async () => {
    expect(await verdict(await sign())).toBe("accepted");
  });

  it("that cancels is valid whatever the clocks say, since it starts nothing [F7]", async () => {
    const cancel = await sign({
      action: "task.cancel",
      effect: "idempotent",
      params: { runId: newId("run") },
      demand: actions["task.cancel"].demand,
    });
    const tenYearsMs = 315_360_000_000;
    for (const at of [nowMs - tenYearsMs, nowMs + tenYearsMs]) {
      expect(await verdict(cancel, at)).toBe("accepted");
      expect(await verdict(await sign(), at)).not.toBe("accepted");
    }
  });

  it("with any one bit of its text or signature flipped is refused [W2]", async () => {
    const text = await sign();
    const flips = async (part: "signed" | "signature") => {
      for (let bit = 0; bit < text[part].length * 8; bit++) {
        const bytes = Buffer.from(text[part], "latin1");
        bytes[bit >> 3]! ^= 1 << (bit & 7);
        const changed = { ...text, [part]: bytes.toString("latin1") };
        // Unused bits at the end of a base64url text may decode to the very same signature.
        if (
          part === "signature" &&
          Buffer.from(changed.signature, "base64url").equals(Buffer.from(text.signature, "base64url")) &&
          /^[\w-]+$/.test(changed.signature)
        )
          continue;
        expect(await verdict(changed)).toBe("SIGNATURE_INVALID");
      }
    };
    await flips("signed");
    await flips("signature");
  });

  it("signed for another use or by another key is refused [W2]", async () => {
    const text = JSON.stringify(body());
    for (const domain of ["result", "hello", "welcome", "ticket", "enrolAnswer"] as const)
      expect(await verdict(await signText(platform.privateKey, domain, text))).toBe("SIGNATURE_INVALID");
    expect(await verdict(await signText((await newKey()).privateKey, "command", text))).toBe("SIGNATURE_INVALID");
    expect(await verdict({ signed: text, signature: "" })).toBe("SIGNATURE_INVALID");
  });

  it("for another server or another key of this one is refused [W2]", async () => {
    expect(await verdict(await sign({ serverId: newId("server") }))).toBe("COMMAND_WRONG_TARGET");
    expect(await verdict(await sign({ bridgeKeyFingerprint: "SHA256:former" }))).toBe("COMMAND_WRONG_TARGET");
  });

  it("is refused from 120 s past its expiry, and until 120 s before its time [W2] [F7]", async () => {
    const text = await sign();
    expect(await verdict(text, nowMs + 121_000)).toBe("accepted");
    expect(await verdict(text, nowMs + 121_001)).toBe("COMMAND_EXPIRED");
    expect(await verdict(text, nowMs - 120_000)).toBe("accepted");
    expect(await verdict(text, nowMs - 120_001)).toBe("COMMAND_NOT_YET_VALID");
  });

  it.each([
    ["an unknown field", { sudo: true }, "COMMAND_INVALID"],
    ["an unknown action", { action: "exec.shell" }, "COMMAND_UNSUPPORTED"],
    ["the name of something every object has", { action: "constructor" }, "COMMAND_UNSUPPORTED"],
    ["an unknown parameter", { params: { program: "echo", args: [], env: {} } }, "COMMAND_INVALID"],
    ["another effect than the catalogue's", { effect: "idempotent" }, "COMMAND_INVALID"],
    ["a program outside the list", { params: { program: "bash", args: [] } }, "PROGRAM_NOT_ALLOWED"],
    ["no workspace", { workspaceId: null }, "COMMAND_INVALID"],
    ["no project where one is needed", { action: "git.pull", effect: "idempotent", params: {} }, "COMMAND_INVALID"],
    ["a version of the future", { v: 2 }, "COMMAND_INVALID"],
  ])("with %s is refused [W2]", async (_, changes, code) => {
    expect(await verdict(await sign(changes))).toBe(code);
  });

  it("larger than a command may be is refused before anything else [W1]", async () => {
    expect(await verdict({ signed: "x".repeat(65 * 1024), signature: "" })).toBe("TOO_LARGE");
  });
});

describe("what a refusal names", () => {
  it("is read from the text where it has the shape of ids, and else nothing [W1]", async () => {
    const { commandId, runId, taskId } = body();
    expect(
      readUnverifiedIds({
        signed: JSON.stringify({ commandId, runId, taskId, attempt: 1, action: "exec" }),
        signature: "",
      }),
    ).toMatchObject({ runId });
    for (const signed of [
      "",
      "null",
      "{}",
      JSON.stringify({ commandId, runId: "../x", taskId, attempt: 1, action: "exec" }),
    ])
      expect(readUnverifiedIds({ signed, signature: "" })).toBeUndefined();
  });
});
