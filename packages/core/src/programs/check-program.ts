import { accept, refuse, type Result } from "../errors/result.ts";
import { checkArguments } from "./check-arguments.ts";
import { defaultPrograms, rulesOf } from "./programs.ts";

/** A call of a program, as `exec` takes it. */
export interface ProgramWish {
  readonly program: string;
  readonly args: readonly string[];
}

/**
 * Decides whether a program may be started with these arguments: it is among those of every project or that the project added, and
 * its rules refuse none of the arguments. A program that was added and has no rules takes any.
 *
 * @param added the programs that the project has beyond those of every project
 * @returns `PROGRAM_NOT_ALLOWED`, or `ARGUMENT_NOT_ALLOWED` with which argument and why; arguments are never quoted, they may be secrets
 */
export function checkProgram({ program, args }: ProgramWish, added: readonly string[]): Result<null> {
  if (!defaultPrograms.includes(program) && !added.includes(program)) {
    const allowed = [...new Set([...defaultPrograms, ...added])].toSorted().join(", ").slice(0, 400);
    return refuse(
      "PROGRAM_NOT_ALLOWED",
      `The program "${program.slice(0, 64)}" is not among those that may run here. Allowed are: ${allowed}. Who manages the project can add it there.`,
    );
  }
  return checkProgramArguments({ program, args }, 0);
}

function checkProgramArguments({ program, args }: ProgramWish, offset: number): Result<null> {
  const rules = rulesOf(program);
  if (rules === null) return accept(null);
  const verdict = checkArguments(rules, args);
  if (verdict.kind === "refused") {
    const which = `Argument ${verdict.place + offset} of ${program}${verdict.flag === null ? "" : ` (${verdict.flag})`}`;
    return refuse("ARGUMENT_NOT_ALLOWED", `${which} is refused: ${verdict.reason}.`);
  }
  const { delegated } = verdict;
  return delegated === null ? accept(null) : checkProgramArguments(delegated, offset + delegated.offset);
}
