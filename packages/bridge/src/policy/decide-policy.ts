import { actions } from "@quarterdeck/core/actions/catalogue";
import type { Refusal } from "@quarterdeck/core/errors/result";
import type { Command } from "@quarterdeck/core/protocol/command";
import { defaultPrograms } from "@quarterdeck/core/programs/programs";
import { coreMillicores } from "@quarterdeck/core/units";
import { lineOf, type Policy } from "./parse-policy.ts";
import { matchesRepository, repositoryName } from "./repository-pattern.ts";

type Place = readonly PropertyKey[];
/** A rule that forbids something, and what it forbids. */
type Forbidden = readonly [place: Place, what: string];

/** What the policy asks of a command. */
export interface JudgedCommand
  extends Pick<Command, "action" | "params" | "workspaceId" | "projectId" | "demand" | "programs"> {
  /** Missing: everything can be reached. */
  readonly network?: { readonly mode: "none" | "allowList" | "all" } | undefined;
}

/**
 * Decides whether the server's owner forbids a command. It can only forbid: whatever it lets through is checked by everything else.
 *
 * @returns the refusal, which names the line of the file, or null
 */
export function decidePolicy(policy: Policy, command: JudgedCommand): Refusal | null {
  // A cancel starts nothing, and nobody wants to be unable to stop something.
  if (command.action === "task.cancel") return null;
  const forbidden =
    forbiddenPlace(policy, command) ??
    forbiddenProgram(policy, command) ??
    forbiddenNetwork(policy, command) ??
    forbiddenDemand(policy, command);
  if (forbidden) return refusal(policy, forbidden);
  return (
    repositoriesOf(command)
      .map((url) => decideRepository(policy, url))
      .find((found) => found !== null) ?? null
  );
}

/** Decides whether the server's owner forbids a repository. */
export function decideRepository(policy: Policy, url: string): Refusal | null {
  const { allow, forbid = [] } = policy.rules.repositories ?? {};
  const name = repositoryName(url) ?? url.toLowerCase();
  const index = forbid.findIndex((pattern) => matchesRepository(pattern, name));
  if (index >= 0) return refusal(policy, [["repositories", "forbid", index], "this repository"]);
  if (allow !== undefined && !allow.some((pattern) => matchesRepository(pattern, name)))
    return refusal(policy, [["repositories", "allow"], "repositories that are not in its list"]);
  return null;
}

/** The command with the owner's limits on its time and output, where they are lower. */
export function narrowCommand<C extends Pick<Command, "limits">>({ rules }: Pick<Policy, "rules">, command: C): C {
  const { timeoutMs, outputBytes } = command.limits;
  const { run_time = timeoutMs, output = outputBytes } = rules.limits ?? {};
  return {
    ...command,
    limits: { timeoutMs: Math.min(timeoutMs, run_time), outputBytes: Math.min(outputBytes, output) },
  };
}

function refusal({ path, lines }: Policy, [place, what]: Forbidden): Refusal {
  return {
    code: "POLICY_FORBIDS",
    message: `${path} line ${lineOf({ lines }, place)} forbids ${what}. The owner of the server can change it there.`,
  };
}

function forbiddenPlace({ rules }: Policy, { action, workspaceId, projectId }: JudgedCommand): Forbidden | null {
  const actionAt = rules.actions?.forbid?.findIndex((name) => name === action) ?? -1;
  if (actionAt >= 0) return [["actions", "forbid", actionAt], `the action ${action}`];
  const { allow, forbid = [] } = rules.workspaces ?? {};
  const workspaceAt = workspaceId === null ? -1 : forbid.indexOf(workspaceId);
  if (workspaceAt >= 0) return [["workspaces", "forbid", workspaceAt], `the workspace ${workspaceId}`];
  if (allow !== undefined && workspaceId !== null && !allow.includes(workspaceId))
    return [["workspaces", "allow"], "workspaces that are not in its list"];
  const projectAt = projectId === null ? -1 : (rules.projects?.forbid?.indexOf(projectId) ?? -1);
  return projectAt >= 0 ? [["projects", "forbid", projectAt], `the project ${projectId}`] : null;
}

function forbiddenProgram({ rules }: Policy, { action, params, programs }: JudgedCommand): Forbidden | null {
  const { allow, forbid = [], projects_may_add = true, install_scripts = true } = rules.programs ?? {};
  if (!install_scripts && programs?.installScripts && startsPrograms(action))
    return [["programs", "install_scripts"], "install scripts, which the project has switched on"];
  if (action !== "exec") return null;
  const { program, input = false } = actions.exec.params.parse(params);
  if (input && rules.terminals?.allow === false) return [["terminals", "allow"], "typing into runs"];
  const index = forbid.indexOf(program);
  if (index >= 0) return [["programs", "forbid", index], `the program ${program}`];
  if (allow !== undefined && !allow.includes(program))
    return [["programs", "allow"], "programs that are not in its list"];
  if (!projects_may_add && !defaultPrograms.includes(program))
    return [["programs", "projects_may_add"], "programs that a project added"];
  return null;
}

const networkOrder = ["none", "allowList", "all"] as const;

function forbiddenNetwork({ rules }: Policy, { action, network }: JudgedCommand): Forbidden | null {
  const most = rules.network?.most ?? "all";
  const mode = network?.mode ?? "all";
  if (!startsPrograms(action) || networkOrder.indexOf(mode) <= networkOrder.indexOf(most)) return null;
  return [["network", "most"], `the network that the project's setting asks for (${mode})`];
}

function forbiddenDemand({ rules }: Policy, { demand }: JudgedCommand): Forbidden | null {
  const { cpu_cores = Infinity, memory = Infinity } = rules.limits ?? {};
  if (demand.cpu > cpu_cores * coreMillicores) return [["limits", "cpu_cores"], "runs that reserve so much cpu"];
  return demand.memory > memory ? [["limits", "memory"], "runs that reserve so much memory"] : null;
}

/** Whether an action runs programs of the project's, or reaches for its repository. */
function startsPrograms(action: string): boolean {
  return action === "exec" || action === "project.clone" || action === "git.pull";
}

/** Which repositories a command names. What a pull fetches from is in the repository, and looked at when it is known. */
function repositoriesOf({ action, params }: JudgedCommand): string[] {
  if (action === "project.clone") return [actions["project.clone"].params.parse(params).url];
  if (action !== "exec") return [];
  const { program, args } = actions.exec.params.parse(params);
  return program === "git" ? args.filter((argument) => repositoryName(argument) !== null) : [];
}
