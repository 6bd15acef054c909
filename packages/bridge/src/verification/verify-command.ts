import { actions, findAction, worksOnBridge } from "@quarterdeck/core/actions/catalogue";
import { accept, refuse, type Result } from "@quarterdeck/core/errors/result";
import type { ServerId } from "@quarterdeck/core/ids";
import { commandSchema, type Command } from "@quarterdeck/core/protocol/command";
import { limits } from "@quarterdeck/core/protocol/limits";
import { openSigned, type SignedText } from "@quarterdeck/core/protocol/signing";
import { checkProgram } from "@quarterdeck/core/programs/check-program";
import * as z from "zod";
import type { LocalPolicy } from "../policy/local-policy.ts";

/** Whom this bridge obeys, who it is, and what it may run. */
export interface VerificationRules {
  readonly platformKeys: () => readonly string[];
  readonly serverId: ServerId;
  readonly keyFingerprint: string;
  /** What the server's owner allows: it has the last word. */
  readonly policy: Pick<LocalPolicy, "judge">;
}

/**
 * Decides whether a command may be run here: signed by the platform for this server and this key, valid now, and one that
 * this bridge's own catalogue and its owner's policy allow.
 *
 * @returns the command, with the owner's limits, or why it is refused; nothing has happened then
 */
export async function verifyCommand(
  text: SignedText,
  rules: VerificationRules,
  nowMs: number,
): Promise<Result<Command>> {
  if (Buffer.byteLength(text.signed) > limits.commandBytes)
    return refuse("TOO_LARGE", `A command may have ${limits.commandBytes} bytes.`);
  const opened = await openSigned(text, { keys: rules.platformKeys(), domain: "command", schema: commandSchema });
  if (!opened.ok) {
    return opened.error.code === "SIGNATURE_INVALID"
      ? refuse("SIGNATURE_INVALID", "The platform that this server is connected to did not sign this command.")
      : refuse("COMMAND_INVALID", opened.error.message.slice(0, 500));
  }
  const command = opened.value;
  if (command.serverId !== rules.serverId)
    return refuse("COMMAND_WRONG_TARGET", `The command is for ${command.serverId}.`);
  if (command.bridgeKeyFingerprint !== rules.keyFingerprint)
    return refuse("COMMAND_WRONG_TARGET", "The command is for another key of this server.");
  // A cancel starts nothing, and its run is wanted no more whenever it comes: no clock may keep it from its run.
  const inTime = command.action === "task.cancel" ? accept(command) : checkTime(command, nowMs);
  const checked = inTime.ok ? checkAction(command) : inTime;
  return checked.ok ? rules.policy.judge(command) : checked;
}

function checkTime(command: Command, nowMs: number): Result<Command> {
  if (nowMs > command.expiresAtMs + limits.clockSkewMs)
    return refuse(
      "COMMAND_EXPIRED",
      `The command expired at ${new Date(command.expiresAtMs).toISOString()}; this server's clock says ${new Date(nowMs).toISOString()}.`,
    );
  if (nowMs < command.notBeforeMs - limits.clockSkewMs)
    return refuse(
      "COMMAND_NOT_YET_VALID",
      `The command is valid from ${new Date(command.notBeforeMs).toISOString()}; this server's clock says ${new Date(nowMs).toISOString()}. Check its clock.`,
    );
  return accept(command);
}

function checkAction(command: Command): Result<unknown> {
  const action = findAction(command.action);
  if (!action) {
    return refuse(
      "COMMAND_UNSUPPORTED",
      `This bridge does not know the action ${command.action.slice(0, 64)}. Update it.`,
    );
  }
  if (command.effect !== action.effect)
    return refuse(
      "COMMAND_INVALID",
      `The command calls ${command.action} ${command.effect}; here it is ${action.effect}.`,
    );
  const params = action.params.safeParse(command.params);
  if (!params.success)
    return refuse(
      "COMMAND_INVALID",
      `The parameters of ${command.action} are malformed: ${z.prettifyError(params.error).slice(0, 500)}`,
    );
  if (!worksOnBridge(command.action) && command.workspaceId === null)
    return refuse("COMMAND_INVALID", `${command.action} needs a workspace.`);
  if (action.needsProject && command.projectId === null)
    return refuse("COMMAND_INVALID", `${command.action} needs a project.`);
  if (command.action === "exec")
    return checkProgram(actions.exec.params.parse(command.params), command.programs?.added ?? []);
  return accept(command);
}
