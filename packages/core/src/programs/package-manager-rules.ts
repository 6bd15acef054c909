import {
  checkedFlags,
  forEach,
  noptStyle,
  posixStyle,
  refusedFlags,
  refusingFirst,
  switches,
  valued,
  type ArgumentRules,
  type FlagRule,
  type SubcommandRules,
} from "./argument-rules.ts";
import { httpsAddress, insidePath, packageSource } from "./value-rules.ts";

const startsProgram = "it names a program that starts in the place of the usual one";
const otherSettings = "it reads or changes settings outside of the project";
const scripts = "whether install scripts run is a setting of the project";
const tls = "packages could be changed on their way";

const shared: readonly FlagRule[] = [
  ...refusedFlags(startsProgram, [
    ["--node-options"],
    ["--script-shell"],
    ["--shell"],
    ["--shell-emulator"],
    ["--editor"],
    ["--viewer"],
    ["--browser"],
    ["--git"],
    ["--python"],
    ["--node-gyp"],
    ["--init-module"],
    ["--init.module"],
    ["--onload-script"],
    ["--use-node-version"],
    ["--node-version"],
    ["--pnpmfile"],
    ["--global-pnpmfile"],
    ["--config-dependencies"],
  ]),
  ...refusedFlags(otherSettings, [
    ["--global", "-g"],
    ["--location", "-L"],
    ["--globalconfig"],
    ["--global-dir"],
    ["--global-bin-dir"],
  ]),
  ...refusedFlags(scripts, [
    ["--no-ignore-scripts"],
    ["--dangerously-allow-all-builds"],
    ["--allow-build"],
    ["--allow-scripts"],
  ]),
  { names: ["--ignore-scripts"], value: "boolean", check: (value) => (/^true$/i.test(value) ? null : scripts) },
  ...refusedFlags(tls, [["--no-strict-ssl"]]),
  { names: ["--strict-ssl"], value: "boolean", check: (value) => (/^true$/i.test(value) ? null : tls) },
  ...checkedFlags(insidePath, [
    ["--prefix", "-C"],
    ["--dir"],
    ["--cwd"],
    ["--userconfig"],
    ["--cache"],
    ["--cache-dir"],
    ["--store-dir"],
    ["--modules-dir"],
    ["--virtual-store-dir"],
    ["--lockfile-dir"],
    ["--workspace-dir"],
    ["--pack-destination"],
    ["--cafile"],
  ]),
  ...checkedFlags(httpsAddress, [["--registry"]]),
  ...switches(
    "--silent",
    "-s",
    "--quiet",
    "-q",
    "--verbose",
    "-d",
    "--version",
    "-v",
    "--help",
    "-h",
    "--yes",
    "-y",
    "--no-color",
    "--color",
  ),
  ...switches(
    "--production",
    "--save-dev",
    "-D",
    "--save-exact",
    "-E",
    "--force",
    "-f",
    "--if-present",
    "--recursive",
    "-r",
    "--frozen-lockfile",
  ),
  ...valued(
    "--workspace",
    "-w",
    "--filter",
    "-F",
    "--loglevel",
    "--tag",
    "--otp",
    "--omit",
    "--include",
    "--cpu",
    "--os",
  ),
];

const startsAnything =
  "it starts whatever program it is given. Put the call into the scripts of package.json, or use npx";
const changesSettings = "it changes settings that hold for everything in this workspace";
const packages: SubcommandRules = { positional: packageSource };
const notKnown = "it is not a subcommand that may run here. Write its name out, or use run";

/** The rest is for the script or the package's program. */
const callsScript: SubcommandRules = { stopsAtPositional: false };
const callsPackage: SubcommandRules = {
  flags: [
    ...refusedFlags("it runs a line of text in a shell", [["--call", "-c"], ["--shell-mode"]]),
    ...checkedFlags(packageSource, [["--package", "-p"]]),
  ],
  positional: packageSource,
  stopsAtPositional: true,
};

export const npmRules: ArgumentRules = {
  style: noptStyle,
  flags: shared,
  subcommands: {
    allowed: {
      ...forEach("run run-script rum urn test t tst start stop restart", callsScript),
      ...forEach("exec x init create", callsPackage),
      ...forEach(
        `install i in add install-test it ci clean-install install-ci-test cit update up upgrade uninstall remove rm r un dedupe ddp prune rebuild rb
        ls list ll la outdated audit fund view info show search s pack version publish unpublish dist-tag diff query explain why
        root bin prefix ping help whoami pkg shrinkwrap doctor sbom deprecate owner access repo bugs docs`,
        packages,
      ),
    },
    refused: {
      ...forEach("explore edit", startsAnything),
      ...forEach(
        "config c set get set-script login logout adduser add-user token profile link ln cache completion hook team org",
        changesSettings,
      ),
    },
    others: notKnown,
  },
};

/** npx runs a package's program: of the project, or fetched as npm would. */
export const npxRules: ArgumentRules = {
  style: noptStyle,
  flags: [...(callsPackage.flags ?? []), ...shared],
  positional: packageSource,
  stopsAtPositional: true,
};

export const pnpmRules: ArgumentRules = {
  style: noptStyle,
  flags: shared,
  subcommands: {
    allowed: {
      ...forEach("run run-script test t tst start stop restart", callsScript),
      ...forEach("dlx create", callsPackage),
      ...forEach(
        `install i add install-test it ci update up upgrade remove rm uninstall un import fetch dedupe prune rebuild rb
        ls list ll la outdated audit why licenses pack publish patch patch-commit patch-remove deploy root bin store approve-builds help init`,
        packages,
      ),
    },
    refused: {
      ...forEach("exec", startsAnything),
      ...forEach(
        "config c set get env setup link ln login logout self-update server cat-file cat-index",
        changesSettings,
      ),
    },
    others: "pnpm starts any program of this name where there is no such script. Use run",
  },
};

const refusedByYarn = {
  ...forEach("exec", startsAnything),
  node: "use node itself, so that its own rules hold",
  ...forEach("config set plugin global link unlink login logout npm policies", changesSettings),
};

const nested = refusingFirst(refusedByYarn, {});

/** yarn, of both generations: what is no subcommand is a script or a program of the project's packages. */
export const yarnRules: ArgumentRules = {
  style: posixStyle,
  flags: [
    ...shared,
    ...refusedFlags(otherSettings, [
      ["--use-yarnrc"],
      ["--preload"],
      ["--rc-filename"],
      ["--global-folder"],
      ["--modules-folder"],
    ]),
  ],
  subcommands: {
    allowed: {
      ...forEach("run test start", callsScript),
      ...forEach("dlx create", callsPackage),
      ...forEach(
        "add install up upgrade remove why info list audit outdated pack publish import init dedupe rebuild version",
        packages,
      ),
      // Inside of these, a subcommand may stand in any place.
      ...forEach("workspace workspaces", { positional: (value) => nested.positional?.(value, 0) ?? null }),
    },
    refused: refusedByYarn,
    others: callsScript,
  },
};
