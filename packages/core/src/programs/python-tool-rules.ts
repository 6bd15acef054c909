import {
  checkedFlags,
  forEach,
  getoptStyle,
  refusedFlags,
  switches,
  valued,
  type ArgumentRules,
  type SubcommandRules,
  type ValueRule,
} from "./argument-rules.ts";
import { httpsAddress, insidePath, packageSource } from "./value-rules.ts";

const loadsMore: ValueRule = (setting) =>
  /^(addopts|pythonpath|required_plugins|confcutdir)\s*=/i.test(setting)
    ? "this setting brings options or code of its own"
    : null;

/** pytest imports the project's tests and plugins by name; files come from the project. */
export const pytestRules: ArgumentRules = {
  style: getoptStyle,
  flags: [
    ...checkedFlags(insidePath, [
      ["-c", "--config-file"],
      ["--rootdir"],
      ["--confcutdir"],
      ["--basetemp"],
      ["--junitxml", "--junit-xml"],
      ["--log-file"],
      ["--ignore"],
      ["--cov-config"],
      ["--resultlog", "--result-log"],
    ]),
    { names: ["-o", "--override-ini"], value: "required", check: loadsMore },
    ...refusedFlags("it starts programs, or listens to others, beside the tests", [
      ["--tx"],
      ["--rsyncdir"],
      ["--px"],
      ["--pastebin"],
    ]),
    ...valued(
      "-k",
      "-m",
      "-p",
      "-n",
      "-r",
      "-W",
      "--maxfail",
      "--durations",
      "--tb",
      "--color",
      "--import-mode",
      "--cov",
      "--timeout",
      "--deselect",
    ),
    ...switches(
      "-v",
      "-q",
      "-x",
      "-s",
      "-l",
      "-h",
      "-V",
      "--lf",
      "--ff",
      "--nf",
      "--sw",
      "--pdb",
      "--collect-only",
      "--co",
      "--verbose",
      "--quiet",
      "--version",
    ),
  ],
  positional: (value) => (value.startsWith("@") ? "it reads further options from a file" : insidePath(value)),
};

const install: SubcommandRules = {
  flags: [
    ...checkedFlags(packageSource, [
      ["--editable", "-e"],
      ["--find-links", "-f"],
      ["--requirement", "-r"],
      ["--constraint", "-c"],
    ]),
  ],
  positional: packageSource,
};
const looks: SubcommandRules = {};

/** pip fetches from servers that prove who they are, and writes into the project or the workspace. */
export const pipRules: ArgumentRules = {
  style: getoptStyle,
  flags: [
    ...refusedFlags("it names a program that pip starts, or continues in", [["--python"], ["--keyring-provider"]]),
    ...refusedFlags("packages could be changed on their way", [["--trusted-host"]]),
    ...refusedFlags("whether packages may run code when they are installed is a setting of the project", [
      ["--no-binary"],
      ["--only-binary"],
      ["--no-build-isolation"],
    ]),
    ...checkedFlags(httpsAddress, [["--index-url", "-i", "--pypi-url"], ["--extra-index-url"]]),
    ...checkedFlags(insidePath, [
      ["--target", "-t"],
      ["--prefix"],
      ["--root"],
      ["--src", "--source", "--source-dir", "--source-directory"],
      ["--cache-dir"],
      ["--log", "--log-file", "--local-log"],
      ["--cert"],
      ["--client-cert"],
      ["--report"],
      ["--dest", "--destination-dir", "--destination-directory", "-d"],
      ["--wheel-dir", "-w"],
      ["--path"],
    ]),
    ...valued(
      "--proxy",
      "--retries",
      "--timeout",
      "--exists-action",
      "--progress-bar",
      "--upgrade-strategy",
      "--platform",
      "--python-version",
      "--format",
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
      "--isolated",
      "--no-input",
      "--no-cache-dir",
      "--no-color",
      "--disable-pip-version-check",
    ),
  ],
  subcommands: {
    allowed: {
      ...forEach("install download wheel lock", install),
      ...forEach("uninstall list show freeze check inspect index hash debug help search", looks),
    },
    refused: forEach(
      "config cache completion",
      "it changes settings that hold for everything in this workspace, or starts an editor",
    ),
    others: "it is not a subcommand of pip that may run here",
  },
};
