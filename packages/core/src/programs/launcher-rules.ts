import {
  checkedFlags,
  getoptStyle,
  goStyle,
  posixStyle,
  refusedFlags,
  valued,
  type ArgumentRules,
} from "./argument-rules.ts";
import { insidePath } from "./value-rules.ts";

const startsProgram = "it starts a program";

/** tar, where a project adds it: no compressor, script or remote end of somebody's choice. */
export const tarRules: ArgumentRules = {
  style: getoptStyle,
  flags: [
    ...refusedFlags(startsProgram, [
      ["--checkpoint-action"],
      ["--to-command"],
      ["--use-compress-program", "-I"],
      ["--info-script", "--new-volume-script", "-F"],
      ["--rsh-command"],
      ["--rmt-command"],
    ]),
    ...refusedFlags("it writes where the archive says, outside of the project too", [["--absolute-names", "-P"]]),
    ...refusedFlags("it reads further options from a file", [["--files-from", "-T"]]),
    {
      names: ["--file", "-f"],
      value: "required",
      check: (value) => (value.includes(":") ? "it names another machine" : value === "-" ? null : insidePath(value)),
    },
    ...checkedFlags(insidePath, [
      ["--directory", "-C"],
      ["--exclude-from", "-X"],
      ["--listed-incremental", "-g"],
    ]),
    ...valued("--exclude", "--strip-components", "--transform", "--owner", "--group", "--mode"),
  ],
  bareStart: "tar reads it as a row of options. Write options with a dash",
};

/** find, where a project adds it: it looks, and starts nothing. */
export const findRules: ArgumentRules = {
  style: goStyle,
  flags: [
    ...refusedFlags(startsProgram, [["-exec"], ["-execdir"], ["-ok"], ["-okdir"]]),
    ...checkedFlags(insidePath, [["-fprint"], ["-fprint0"], ["-fprintf"], ["-fls"], ["-files0-from"]]),
    ...valued(
      "-name",
      "-iname",
      "-path",
      "-ipath",
      "-regex",
      "-iregex",
      "-type",
      "-maxdepth",
      "-mindepth",
      "-newer",
      "-printf",
    ),
  ],
};

/** ssh, where a project adds it: to another machine, with the user's settings and nothing that starts a program here. */
export const sshRules: ArgumentRules = {
  style: posixStyle,
  flags: [
    ...refusedFlags("it can name a program that ssh starts here", [["-o"], ["-I"], ["-S"], ["-O"], ["-J"]]),
    ...refusedFlags("it opens a way into this machine or its network", [
      ["-R"],
      ["-L"],
      ["-D"],
      ["-W"],
      ["-w"],
      ["-A"],
      ["-X"],
      ["-Y"],
    ]),
    ...checkedFlags(insidePath, [["-F"], ["-i"], ["-E"]]),
    ...valued("-p", "-l", "-b", "-c", "-m", "-e", "-B", "-Q"),
  ],
  positional: (value, place) => (place === 0 && /^-|@-/.test(value) ? "it starts with a dash" : null),
  stopsAtPositional: true,
};

/** date shows the time and does not set it. */
export const dateRules: ArgumentRules = {
  style: getoptStyle,
  flags: [
    ...refusedFlags("it sets the clock of the server", [["--set", "-s"]]),
    ...checkedFlags(insidePath, [
      ["--file", "-f"],
      ["--reference", "-r"],
    ]),
    ...valued("--date", "-d"),
    { names: ["--iso-8601", "-I"], value: "optional" },
  ],
  positional: (value) => (value.startsWith("+") ? null : "it sets the clock of the server"),
};
