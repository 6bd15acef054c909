import type { Policy, PolicyProblem } from "../policy/parse-policy.ts";
import { good, missing, weaker, type Finding } from "./finding.ts";

interface PolicyFacts {
  readonly path: string;
  /** Somebody named this file, so without it everything is refused. */
  readonly isRequired: boolean;
  /** What the bridge would find; null: no file. */
  readonly read: Policy | PolicyProblem | null;
  /** Who may change it besides root; 0: nobody. */
  readonly changerUid: number;
  readonly ruleCount: number;
}

/** What the policy of the server's owner forbids, whether it can be used, and who may change it. */
export function judgePolicy({ path, isRequired, read, changerUid, ruleCount }: PolicyFacts): Finding {
  if (read === null)
    return isRequired
      ? missing(`the policy ${path} is not there, so everything is refused: put it there, or do not name it`)
      : good(
          `no policy: nothing is forbidden beyond the bridge's own rules. Root can write one to ${path} (quarterdeck-bridge policy check)`,
        );
  if ("problem" in read)
    return missing(
      `the policy cannot be used, so a bridge that starts now refuses everything, and one that runs keeps the last good one: ${read.problem}`,
    );
  const rules = `the policy ${path} is in force with ${ruleCount} ${ruleCount === 1 ? "rule" : "rules"}`;
  if (changerUid === 0) return good(`${rules}; only root can change it`);
  return weaker(
    `${rules}; besides root the user with the number ${changerUid} can change it, as whom the bridge runs: chown root ${path} and the folder that it is in`,
  );
}
