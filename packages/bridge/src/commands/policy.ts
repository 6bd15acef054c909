import { readPolicyFile } from "../policy/policy-file.ts";
import { reportPolicy } from "../policy/policy-report.ts";
import type { Environment } from "../env.ts";
import { UsageError, type OptionValues } from "./options.ts";

const usualPath = "/etc/quarterdeck/policy.toml";

/** Where the owner's policy is. One that somebody named must be there. */
export function policyPath(values: OptionValues, environment: Environment): { path: string; isRequired: boolean } {
  const named = values.policy ?? environment.policy;
  return { path: named ?? usualPath, isRequired: named !== undefined };
}

const exitCodes = { fine: 0, broken: 1, missing: 3 } as const;

/** `policy check [FILE]`: reads a policy file as the bridge would, and says what holds. @returns 0 when it is in order, 1 when not, 3 when there is none */
export function policyCommand(words: readonly string[], defaultPath: string, say: (line: string) => void): number {
  const [verb, path = defaultPath, ...rest] = words;
  if (verb !== "check" || rest.length > 0) throw new UsageError("Write: policy check [FILE]");
  const read = readPolicyFile(path);
  if (read === null) {
    say(`${path} is not there: nothing is forbidden beyond the bridge's own rules.`);
    return exitCodes.missing;
  }
  if ("problem" in read) {
    say(read.problem);
    return exitCodes.broken;
  }
  const { rules, rulesLeftOut } = reportPolicy(path, { policy: read, problem: null });
  for (const { line, setting, value } of rules) say(`line ${line}: ${setting} ${value}`);
  if (rulesLeftOut > 0) say(`… and ${rulesLeftOut} more`);
  say(`${path} is in order.`);
  return exitCodes.fine;
}
