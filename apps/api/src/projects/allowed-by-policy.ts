import type { Refusal } from "@quarterdeck/core/errors/result";
import type { PolicyReport } from "@quarterdeck/core/protocol/policy-report";
import type { ProjectPrograms } from "@quarterdeck/core/programs/project-programs";

/**
 * What of a project's programs the owner of its server forbids, as far as its bridge has said: the same that the bridge would
 * refuse when they are to run.
 */
export function forbiddenByPolicy(report: PolicyReport, programs: ProjectPrograms): Refusal | null {
  const rule = forbiddingRule(report, programs);
  if (rule === undefined) return null;
  const message = `${report.path} line ${rule.line} on the server forbids this (${rule.setting}). The owner of the server can change it there.`;
  return { code: "POLICY_FORBIDS", message };
}

function forbiddingRule({ rules }: PolicyReport, { added, installScripts }: ProjectPrograms) {
  const ofSetting = (setting: string) => rules.filter((rule) => rule.setting === setting);
  const allowed = ofSetting("programs.allow");
  return (
    rules.find(({ setting, value }) => setting === "programs.install_scripts" && value === "false" && installScripts) ??
    rules.find(
      ({ setting, value }) => setting === "programs.projects_may_add" && value === "false" && added.length > 0,
    ) ??
    ofSetting("programs.forbid").find(({ value }) => added.includes(value)) ??
    (allowed.length > 0 && added.some((name) => allowed.every(({ value }) => value !== name)) ? allowed[0] : undefined)
  );
}
