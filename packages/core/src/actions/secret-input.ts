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

/**
 * Variables that say the same as arguments that programs may not be given (`programs/`): what loads code, what is started in the
 * place of something else, and whether install scripts run.
 */
const programOptions =
  /^(EDITOR|VISUAL|PAGER|BROWSER|LESSOPEN|LESSCLOSE|XDG_CONFIG_.*|NODE_(REPL_EXTERNAL_MODULE|EXTRA_CA_CERTS|TLS_REJECT_UNAUTHORIZED|USE_ENV_PROXY)|PNPM_(CONFIG_.*|HOME|SCRIPT_SRC_DIR)|COREPACK_.*|YARN_(RC_FILENAME|YARN_PATH|IGNORE_PATH|PLUGINS|SCRIPT_SHELL|ENABLE_SCRIPTS|IGNORE_SCRIPTS|GLOBAL_FOLDER|PNP_.*)|PYTHON(INSPECT|BREAKPOINT|USERBASE|PLATLIBDIR|EXECUTABLE|CASEOK|PYCACHEPREFIX|WARNINGS)|PYTEST_(ADDOPTS|PLUGINS)|PIP_(?!(INDEX_URL|EXTRA_INDEX_URL|RETRIES|TIMEOUT|DEFAULT_TIMEOUT)$).*|VIRTUAL_ENV|GOFLAGS|GOENV|GOROOT|GOTOOLCHAIN|GOTOOLDIR|GOPROXY_COMMAND|GOAUTH|CC|CXX|AR|LD|AS|CGO_.*|RUSTC.*|RUSTDOC.*|RUSTFLAGS|RUSTUP_.*|CARGO_(HOME|BUILD_.*|TARGET_.*|ALIAS_.*|ENCODED_RUSTFLAGS|PROFILE_.*_BUILD_OVERRIDE_.*)|MAKE|MAKEFLAGS|MAKEFILES|MAKESHELL|GNUMAKEFLAGS|MFLAGS|TAR_OPTIONS|GREP_OPTIONS)$/i;

const variableName = z
  .string()
  .max(128)
  .regex(/^[A-Za-z_][A-Za-z0-9_]*$/, "must be the name of an environment variable")
  .refine(
    (name) => !reservedNames.test(name) && !programOptions.test(name),
    "is set by Quarterdeck, or could load code into programs",
  );

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
