import { checkProgram } from "@quarterdeck/core/programs/check-program";
import { parsePolicy } from "../../../packages/bridge/src/policy/parse-policy.ts";
import { mustHold, type FuzzTarget } from "../fuzz-target.ts";

const path = "/etc/quarterdeck/policy.toml";

/** The file of a server's owner: whatever is in it, it is read whole, or refused with the line that is wrong. */
const policyFile: FuzzTarget = {
  name: "policy-file",
  grammar: "text",
  shapes: [{ name: "policy-file", isOne: (text) => "rules" in parsePolicy(path, text) }],
  check(text) {
    const read = parsePolicy(path, text);
    mustHold(Object.keys(Object.prototype).length === 0, "every object got a property");
    if ("problem" in read) {
      mustHold(/^\S+ line \d+: ./.test(read.problem), "the line is not named");
      return;
    }
    for (const line of read.lines.values())
      mustHold(line >= 1 && line <= text.split("\n").length, "there is no such line");
  },
};

/** A program and its arguments, separated by line breaks. */
const programCall: FuzzTarget = {
  name: "program-call",
  grammar: "text",
  check(text) {
    const [program = "", ...args] = text.split("\n");
    const checked = checkProgram({ program, args }, ["tar", "find", "ssh"]);
    if (checked.ok) return mustHold(!/[\s/\0]/.test(program), "a program that is no name");
    const { code, message } = checked.error;
    mustHold(code === "PROGRAM_NOT_ALLOWED" || code === "ARGUMENT_NOT_ALLOWED", `refused with ${code}`);
    mustHold(message.length <= 1000, "the refusal is as long as what it refuses");
  },
};

/** What a server's owner writes, and what keeps programs from starting others. */
export const ownerPolicyTargets: readonly FuzzTarget[] = [policyFile, programCall];
