import type { Capabilities } from "@quarterdeck/core/protocol/capabilities";
import { maxReportedRules, type PolicyReport } from "@quarterdeck/core/protocol/policy-report";
import type { Resources } from "@quarterdeck/core/quota/resources";
import { coreMillicores } from "@quarterdeck/core/units";
import type { PolicyState } from "./local-policy.ts";
import { lineOf, type Policy } from "./parse-policy.ts";

/** What the platform is told of the policy: which text holds, and its rules as they stand in the file, to be read only. */
export function reportPolicy(path: string, { policy, problem }: PolicyState): PolicyReport {
  const rules = policy ? listRules(policy).toSorted((a, b) => a.line - b.line) : [];
  const reported = rules.slice(0, maxReportedRules);
  const state = policy ? (problem === null ? "inForce" : "outdated") : problem === null ? "none" : "unreadable";
  return {
    state,
    path: path.slice(0, 1000),
    hash: policy?.hash ?? null,
    problem: problem?.slice(0, 1000) ?? null,
    rules: reported,
    rulesLeftOut: rules.length - reported.length,
  };
}

export function countRules(policy: Policy): number {
  return listRules(policy).length;
}

function listRules(policy: Policy): PolicyReport["rules"][number][] {
  return Object.entries(policy.rules).flatMap(([section, settings]) =>
    Object.entries(settings ?? {}).flatMap(([name, value]) => {
      const setting = `${section}.${name}`;
      if (!Array.isArray(value)) return [{ line: lineOf(policy, [section, name]), setting, value: String(value) }];
      if (value.length === 0) return [{ line: lineOf(policy, [section, name]), setting, value: "[]" }];
      return value.map((entry, index) => ({
        line: lineOf(policy, [section, name, index]),
        setting,
        value: String(entry).slice(0, 200),
      }));
    }),
  );
}

/** The machine's capacity with the owner's limits, where they are lower. */
export function narrowCapacity(capacity: Resources, { policy }: Pick<PolicyState, "policy">): Resources {
  const { cpu_cores = Infinity, memory = Infinity, runs = Infinity } = policy?.rules.limits ?? {};
  return {
    cpu: Math.min(capacity.cpu, Math.floor(cpu_cores * coreMillicores)),
    memory: Math.min(capacity.memory, memory),
    runs: Math.min(capacity.runs, runs),
  };
}

/** What the policy leaves of what a bridge offers. Actions stay: a run that waits is refused here, with the line, not as unknown. */
export function narrowCapabilities(capabilities: Capabilities, path: string, state: PolicyState): Capabilities {
  const { programs } = state.policy?.rules ?? {};
  return {
    ...capabilities,
    programs: capabilities.programs.filter(
      (program) => !(programs?.forbid ?? []).includes(program) && (programs?.allow ?? [program]).includes(program),
    ),
    capacity: narrowCapacity(capabilities.capacity, state),
    policy: reportPolicy(path, state),
  };
}
