import {
  checkedFlags,
  goStyle,
  posixStyle,
  refusedFlags,
  switches,
  valued,
  type ArgumentRules,
} from "./argument-rules.ts";
import { insidePath, ownModule } from "./value-rules.ts";

const debugger_ = "whoever reaches its port could run code in it";

/**
 * node runs the user's own code, given as a script of the project or in an argument. What it loads before that comes from the project too.
 */
export const nodeRules: ArgumentRules = {
  style: { ...goStyle, longDashes: "two" },
  flags: [
    { names: ["--eval", "-e"], value: "required", bringsCode: true },
    { names: ["--print", "-p", "-pe"], value: "required", bringsCode: true },
    ...checkedFlags(ownModule, [
      ["--require", "-r"],
      ["--import"],
      ["--loader"],
      ["--experimental-loader"],
      ["--test-reporter"],
      ["--test-global-setup"],
    ]),
    ...checkedFlags(insidePath, [
      ["--env-file"],
      ["--env-file-if-exists"],
      ["--openssl-config"],
      ["--snapshot-blob"],
      ["--icu-data-dir"],
      ["--build-snapshot-config"],
      ["--experimental-sea-config"],
      ["--build-sea"],
      ["--test-reporter-destination"],
      ["--watch-path"],
    ]),
    { names: ["--experimental-config-file"], value: "optional", check: insidePath },
    ...refusedFlags(debugger_, [
      ["--inspect"],
      ["--inspect-brk"],
      ["--inspect-wait"],
      ["--inspect-port", "--debug-port"],
      ["--inspect-publish-uid"],
    ]),
    ...valued(
      "--conditions",
      "-C",
      "--title",
      "--max-http-header-size",
      "--input-type",
      "--test-name-pattern",
      "--test-concurrency",
      "--stack-trace-limit",
    ),
    ...valued(
      "--disable-warning",
      "--unhandled-rejections",
      "--dns-result-order",
      "--test-timeout",
      "--test-skip-pattern",
      "--test-shard",
    ),
    { names: ["--run"], value: "required", bringsCode: true },
    ...switches(
      "--test",
      "--watch",
      "--interactive",
      "-i",
      "--check",
      "-c",
      "--version",
      "-v",
      "--help",
      "-h",
      "--trace-warnings",
      "--no-warnings",
    ),
    ...switches(
      "--enable-source-maps",
      "--expose-gc",
      "--preserve-symlinks",
      "--experimental-strip-types",
      "--experimental-vm-modules",
      "--trace-uncaught",
    ),
    ...switches(
      "--throw-deprecation",
      "--trace-deprecation",
      "--experimental-test-coverage",
      "--test-only",
      "--prof",
      "--cpu-prof",
      "--heap-prof",
    ),
  ],
  positional: (value, place) => {
    if (place === 0 && (value === "inspect" || value === "debug")) return debugger_;
    return value === "-" ? null : insidePath(value);
  },
  stopsAtPositional: true,
};

const programOfModule: Readonly<Record<string, string>> = { pip: "pip", pytest: "pytest", "py.test": "pytest" };

/** python3 runs the user's own code: a script or a module of the project, or what is installed. */
export const pythonRules: ArgumentRules = {
  style: posixStyle,
  flags: [
    { names: ["-c"], value: "required", bringsCode: true, endsFlags: true },
    {
      names: ["-m"],
      value: "required",
      endsFlags: true,
      startsProgram: (value) => (Object.hasOwn(programOfModule, value) ? (programOfModule[value] ?? null) : null),
    },
    ...valued("-W", "-X", "--check-hash-based-pycs"),
    ...switches(
      "-b",
      "-B",
      "-d",
      "-E",
      "-h",
      "-i",
      "-I",
      "-O",
      "-P",
      "-q",
      "-s",
      "-S",
      "-u",
      "-v",
      "-V",
      "-x",
      "-?",
      "--version",
      "--help",
    ),
  ],
  positional: (value) => (value === "-" ? null : insidePath(value)),
  stopsAtPositional: true,
};
