import { actionNames, type ActionName } from "@quarterdeck/core/actions/catalogue";
import { useTranslation } from "react-i18next";
import type { TaskView } from "../../api/views.ts";
import { formatArguments } from "../programs/argument-parser.ts";

export interface TaskTitle {
  readonly text: string;
  /** The text is a command line: monospaced, left to right. */
  readonly isCommand: boolean;
}

function isAction(name: string): name is ActionName {
  return (actionNames as readonly string[]).includes(name);
}

/** The command of an `exec` task, or null. */
export function commandOf(task: Pick<TaskView, "action" | "params">): { program: string; args: string[] } | null {
  const { program, args } = task.params;
  if (task.action !== "exec" || typeof program !== "string" || !Array.isArray(args)) return null;
  return { program, args: args.filter((argument) => typeof argument === "string") };
}

/** What a task is called: its command line, or the name of its action. */
export function useTaskTitle(): (task: Pick<TaskView, "action" | "params">) => TaskTitle {
  const { t } = useTranslation();
  return (task) => {
    const command = commandOf(task);
    if (command !== null) return { text: formatArguments([command.program, ...command.args]), isCommand: true };
    if (!isAction(task.action)) return { text: task.action, isCommand: true };
    return { text: t(`runs.action.${task.action}`), isCommand: false };
  };
}
