import * as z from "zod";
import type { ArgumentRules } from "./argument-rules.ts";
import { cargoRules, goRules, makeRules } from "./build-tool-rules.ts";
import { gitRules } from "./git-rules.ts";
import { nodeRules, pythonRules } from "./interpreter-rules.ts";
import { dateRules, findRules, sshRules, tarRules } from "./launcher-rules.ts";
import { npmRules, npxRules, pnpmRules, yarnRules } from "./package-manager-rules.ts";
import { pipRules, pytestRules } from "./python-tool-rules.ts";

/** Programs that do nothing with an argument but show it or read the file that it names. */
const harmless = ["cat", "echo", "false", "ls", "printf", "pwd", "seq", "sleep", "true", "uname"] as const;

const withRules = [
  "cargo",
  "date",
  "git",
  "go",
  "make",
  "node",
  "npm",
  "npx",
  "pip",
  "pnpm",
  "pytest",
  "python3",
  "yarn",
] as const;

/** The rules of every program that has some. */
const rulesByProgram: Readonly<Record<string, ArgumentRules>> = {
  cargo: cargoRules,
  date: dateRules,
  find: findRules,
  git: gitRules,
  go: goRules,
  make: makeRules,
  node: nodeRules,
  npm: npmRules,
  npx: npxRules,
  pip: pipRules,
  pip3: pipRules,
  pnpm: pnpmRules,
  pytest: pytestRules,
  python: pythonRules,
  python3: pythonRules,
  ssh: sshRules,
  tar: tarRules,
  yarn: yarnRules,
};

export function rulesOf(program: string): ArgumentRules | null {
  return Object.hasOwn(rulesByProgram, program) ? (rulesByProgram[program] ?? null) : null;
}

/** The programs that `exec` may start in every project, as far as the server's owner forbids none. */
export const defaultPrograms: readonly string[] = [...harmless, ...withRules].toSorted();

const startersOfOthers =
  "sh bash dash zsh ksh fish csh tcsh busybox env xargs parallel nohup nice setsid timeout stdbuf script expect watch strace ltrace gdb " +
  "sudo su doas runuser pkexec chroot unshare nsenter bwrap setpriv capsh docker podman systemd-run systemctl at crontab screen tmux";
const neverAdded = new Set(startersOfOthers.split(" "));

/** The most programs that a project may add. */
export const maxAddedPrograms = 50;

/**
 * The name of a program that a project adds. One without rules of its own takes any arguments, so none is added that is there to start
 * others: with it, the list would allow everything.
 */
export const addedProgramSchema = z
  .string()
  .regex(
    /^[A-Za-z0-9_][A-Za-z0-9._+-]{0,63}$/,
    "Use the program's name alone, without folders: letters, digits, and . _ + -",
  )
  .refine(
    (name) => !neverAdded.has(name),
    "This program starts any other, so with it the list of programs would mean nothing.",
  );

export const addedProgramsSchema = z.array(addedProgramSchema).max(maxAddedPrograms);
