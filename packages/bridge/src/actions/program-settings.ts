import type { WorkspaceCommand } from "./action-context.ts";

/** Without its install scripts: each package manager reads one of these. Building a package from source runs its code, too. */
const withoutInstallScripts: Readonly<Record<string, string>> = {
  npm_config_ignore_scripts: "true",
  pnpm_config_ignore_scripts: "true",
  YARN_IGNORE_SCRIPTS: "true",
  YARN_ENABLE_SCRIPTS: "false",
  PIP_ONLY_BINARY: ":all:",
};

/** What the programs of a run are told in their environment, where no argument of theirs may say otherwise (core/programs). */
export function programSettings({ programs }: Pick<WorkspaceCommand, "programs">): Record<string, string> {
  return {
    // Helpers of git for other transports (ext::) are programs of somebody's choice.
    GIT_ALLOW_PROTOCOL: "http:https:ssh:git:file",
    ...(programs?.installScripts ? {} : withoutInstallScripts),
  };
}
