import * as z from "zod";
import { kibibyte } from "../units.ts";

/** The most bytes of environment and standard input that a task may bring: they fit a command frame with room to spare. */
export const secretInputBytes = 32 * kibibyte;

/**
 * Variables that the bridge sets itself, or with which a program could be made to load code before it starts. The sandbox
 * is started with the same environment, so what loads code must not reach it.
 */
const reservedNames =
  /^(PATH|HOME|TMPDIR|LANG|TERM|SHELL|ENV|IFS|PS4|SHELLOPTS|BASHOPTS|NLSPATH|LOCPATH|QUARTERDECK_.*|LD_.*|DYLD_.*|GLIBC_.*|GCONV_.*|MALLOC_.*|BASH_.*|GIT_.*|SSH_.*|NODE_OPTIONS|NODE_PATH|NPM_CONFIG_.*|PYTHON(PATH|HOME|STARTUP)|PERL5?(LIB|OPT)|RUBY(LIB|OPT)|JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|JDK_JAVA_OPTIONS)$/i;

const variableName = z
  .string()
  .max(128)
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "must be the name of an environment variable")
  .refine((name) => !reservedNames.test(name), "is set by Quarterdeck, or could load code into programs");

const noNul = /^[^\0]*$/;

/** Whether a task of an action may bring secret input: only a program of the user's own choice can use it. */
export function takesSecretInput(action: string): boolean {
  return action === "exec";
}

/** Variables for one run. */
export const environmentSchema = z
  .record(variableName, z.string().max(secretInputBytes).regex(noNul, "must not contain a NUL character"))
  .refine((variables) => Object.keys(variables).length <= 256, "may have 256 variables");

/** Text for a run's standard input. */
export const stdinSchema = z.string().max(secretInputBytes);

/** What a task brings that only its server may read: it is sealed, and stored encrypted only. */
export const secretInputSchema = z
  .strictObject({ environment: environmentSchema.optional(), stdin: stdinSchema.optional() })
  .refine(
    (input) => new TextEncoder().encode(JSON.stringify(input)).length <= secretInputBytes,
    `may have ${secretInputBytes} bytes together`,
  );
export type SecretInput = z.infer<typeof secretInputSchema>;
