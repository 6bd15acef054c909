import {
  checkedFlags,
  forEach,
  getoptStyle,
  goStyle,
  posixStyle,
  refusedFlags,
  switches,
  valued,
  type ArgumentRules,
  type SubcommandRules,
  type ValueRule,
} from "./argument-rules.ts";
import { insidePath } from "./value-rules.ts";

const startsProgram = "it names a program that starts in the place of the usual one";
const goingOn = "it changes settings that hold for everything in this workspace";

const ownLinker: ValueRule = (value) => (/-ext(ld|ar)\b/.test(value) ? startsProgram : null);

const goTests: SubcommandRules = {
  flags: [
    { names: ["-args"], value: "none", endsFlags: true },
    ...valued(
      "-run",
      "-bench",
      "-count",
      "-timeout",
      "-cpu",
      "-parallel",
      "-covermode",
      "-coverpkg",
      "-benchtime",
      "-fuzz",
      "-fuzztime",
      "-shuffle",
      "-skip",
      "-list",
    ),
    ...switches("-v", "-race", "-short", "-cover", "-json", "-failfast", "-benchmem", "-c", "-i", "-x", "-n", "-a"),
  ],
};

/** go: the user's own code is built by Go's own programs. */
export const goRules: ArgumentRules = {
  style: goStyle,
  flags: [
    ...refusedFlags(startsProgram, [
      ["-exec"],
      ["-toolexec"],
      ["-vettool"],
      ["-fixtool"],
      ["-compiler"],
      ["-gccgoflags"],
      ["-debug-actiongraph"],
    ]),
    ...checkedFlags(ownLinker, [["-ldflags"], ["-gcflags"], ["-asmflags"]]),
    ...checkedFlags(insidePath, [
      ["-C"],
      ["-o"],
      ["-overlay"],
      ["-modfile"],
      ["-pkgdir"],
      ["-coverprofile"],
      ["-cpuprofile"],
      ["-memprofile"],
      ["-outputdir"],
      ["-pgo"],
    ]),
    ...valued("-tags", "-mod", "-p", "-buildmode"),
  ],
  subcommands: {
    allowed: {
      ...forEach("build clean doc fmt fix generate get install list mod vet version work", {}),
      test: goTests,
      run: { stopsAtPositional: true, flags: switches("-v", "-race", "-x", "-n", "-a", "-work", "-trimpath") },
      env: { flags: refusedFlags(goingOn, [["-w"], ["-u"]]) },
      tool: {
        positional: (value, place) => (place === 0 && /[/\\]/.test(value) ? "it names a program by its path" : null),
      },
    },
    refused: { ...forEach("bug telemetry", "it reaches beyond the project") },
    others: "it is not a subcommand of go that may run here",
  },
};

/** cargo: its configuration comes from the project, and what it starts is Rust's own. */
export const cargoRules: ArgumentRules = {
  style: posixStyle,
  flags: [
    ...refusedFlags("it sets the compiler, the linker or the programs that tests are started with", [
      ["--config"],
      ["-Z"],
    ]),
    ...checkedFlags(insidePath, [
      ["--manifest-path"],
      ["--target-dir"],
      ["--artifact-dir", "--out-dir"],
      ["--lockfile-path"],
      ["-C"],
      ["--path"],
      ["--root"],
    ]),
    ...valued(
      "--package",
      "-p",
      "--jobs",
      "-j",
      "--features",
      "-F",
      "--target",
      "--profile",
      "--message-format",
      "--color",
      "--bin",
      "--example",
      "--test",
      "--bench",
    ),
    ...switches(
      "--quiet",
      "-q",
      "--verbose",
      "-v",
      "--version",
      "-V",
      "--help",
      "-h",
      "--locked",
      "--offline",
      "--frozen",
      "--list",
      "--release",
      "-r",
      "--workspace",
      "--all",
    ),
  ],
  subcommands: {
    allowed: {
      ...forEach("run r", { stopsAtPositional: true }),
      ...forEach(
        `build b check c test t bench clippy fmt fix doc d clean add remove rm update search new init install uninstall metadata tree fetch vendor
        generate-lockfile locate-project package pkgid publish verify-project version info report nextest audit deny llvm-cov help`,
        {},
      ),
    },
    refused: {
      ...forEach("rustc rustdoc", "it passes options to the compiler, which can name programs"),
      ...forEach("login logout owner", goingOn),
    },
    others: "it is not a subcommand of cargo that may run here, so it could be any program called cargo-…",
  },
};

const shellText =
  "its value would be read by a shell or by make. Leave out $, quotes, backticks and other characters with a meaning";

/** `NAME=value` sets a variable of the Makefile, whose recipes put it into lines for a shell. */
function makeVariable(argument: string): string | null {
  const sign = argument.indexOf("=");
  if (sign < 0) return null;
  const before = argument.slice(0, sign);
  const value = argument.slice(sign + 1);
  const [operator = ""] = /(?:!|\?|\+|:{1,3})$/.exec(before) ?? [];
  const name = before.slice(0, before.length - operator.length).trimEnd();
  if (name === "") return "it sets a variable without a name";
  if (operator === "!") return "it runs a line of text in a shell";
  if (!/^[A-Za-z_][A-Za-z0-9_-]*$/.test(name) || /^(SHELL|MAKE.*|GNUMAKE.*|VPATH|CURDIR)$/.test(name))
    return "it sets a variable that make itself goes by";
  return /^[\w./:,+@% =-]*$/.test(value) ? null : shellText;
}

/** make runs the project's own Makefile with the shell that is in it. */
export const makeRules: ArgumentRules = {
  style: getoptStyle,
  flags: [
    ...refusedFlags("it is text that make reads like a Makefile, and can run programs", [["--eval", "-E"]]),
    ...refusedFlags("it is between make and its own children", [
      ["--jobserver-auth"],
      ["--jobserver-fds"],
      ["--jobserver-style"],
    ]),
    ...checkedFlags(insidePath, [
      ["-f", "--file", "--makefile"],
      ["-C", "--directory"],
      ["-I", "--include-dir"],
    ]),
    ...valued("-o", "--old-file", "--assume-old", "-W", "--what-if", "--new-file", "--assume-new"),
    ...forOptional("-j", "--jobs", "-l", "--load-average", "--max-load", "-O", "--output-sync", "--debug", "--shuffle"),
    ...switches("-k", "-s", "-n", "-B", "-e", "-i", "-d", "-p", "-q", "-r", "-R", "-t", "-v", "-w", "-h", "-L", "-S"),
    ...switches(
      "--keep-going",
      "--silent",
      "--quiet",
      "--dry-run",
      "--always-make",
      "--no-print-directory",
      "--trace",
      "--version",
      "--help",
    ),
  ],
  positional: makeVariable,
};

function forOptional(...names: readonly string[]) {
  return names.map((name) => ({ names: [name], value: "optional" as const }));
}
