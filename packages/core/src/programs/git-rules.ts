import {
  checkedFlags,
  forEach,
  getoptStyle,
  refusedFlags,
  refusingFirst,
  switches,
  valued,
  type ArgumentRules,
  type FlagRule,
  type SubcommandRules,
  type ValueRule,
} from "./argument-rules.ts";
import { gitRemote, insidePath } from "./value-rules.ts";

const harmlessSections = "user author committer advice color column log status push rebase stash tag i18n rerere";
const harmlessNames =
  "core.autocrlf core.eol core.quotepath core.abbrev core.filemode core.ignorecase core.longpaths core.safecrlf " +
  "init.defaultbranch diff.algorithm diff.renames diff.renamelimit diff.context diff.noprefix diff.mnemonicprefix " +
  "fetch.prune fetch.prunetags fetch.parallel pull.rebase pull.ff merge.ff merge.conflictstyle commit.gpgsign commit.verbose http.postbuffer http.version";
const isHarmless = {
  section: new Set(harmlessSections.split(" ")),
  name: new Set(harmlessNames.split(" ")),
};

/** A setting of git that can neither name a program nor change what is fetched from where. Git reads its name in any case. */
const harmlessSetting: ValueRule = (setting) => {
  const name = (setting.split("=", 1)[0] ?? "").toLowerCase();
  const [section = "", ...rest] = name.split(".");
  if (isHarmless.name.has(name) || (rest.length === 1 && isHarmless.section.has(section))) return null;
  return "this setting could name a program that git starts, or change where it fetches from. Ask git for less, or use its own subcommands";
};

const startsProgram = "it names a program that git starts";

const anywhere: SubcommandRules = {
  flags: [
    ...refusedFlags(startsProgram, [
      ["--open-files-in-pager"],
      ["--ext-diff"],
      ["--exec"],
      ["--upload-pack"],
      ["--receive-pack"],
    ]),
    ...checkedFlags(insidePath, [
      ["--output"],
      ["--output-directory"],
      ["--contents"],
      ["--template"],
      ["--pathspec-from-file"],
    ]),
    ...valued("--format", "--pretty", "--max-count", "--since", "--until", "--author", "--grep", "--message", "--date"),
  ],
};

const remote: SubcommandRules = {
  flags: [
    ...refusedFlags(startsProgram, [["--upload-pack"], ["--receive-pack"], ["--exec"]]),
    ...checkedFlags(insidePath, [
      ["--separate-git-dir"],
      ["--reference"],
      ["--reference-if-able"],
      ["--bundle-uri"],
      ["--template"],
    ]),
    ...valued("--branch", "--origin", "--depth", "--jobs", "--server-option", "--push-option", "--refmap", "--filter"),
  ],
  positional: gitRemote,
};

const clone: SubcommandRules = {
  ...remote,
  flags: [
    ...refusedFlags(startsProgram, [["--upload-pack", "-u"]]),
    { names: ["--config", "-c"], value: "required", check: harmlessSetting },
    ...valued("-b", "-o", "-j"),
    ...(remote.flags ?? []),
  ],
};

const commit: SubcommandRules = {
  flags: [
    ...checkedFlags(insidePath, [
      ["--file", "-F"],
      ["--template", "-t"],
    ]),
    ...valued("-m", "-C", "-c", "--trailer", "--cleanup", "--fixup", "--squash", "--reuse-message", "--reedit-message"),
    ...(anywhere.flags ?? []),
  ],
};

const settings: SubcommandRules = {
  flags: [
    ...refusedFlags("it changes the settings of everything in this workspace, or starts an editor", [
      ["--global"],
      ["--system"],
      ["--edit", "-e"],
    ]),
    ...checkedFlags(insidePath, [["--file", "-f"]]),
    ...switches("--local", "--get", "--get-all", "--list", "-l", "--unset", "--unset-all", "--add", "--bool", "--int"),
    ...switches("--name-only", "--show-origin", "--replace-all", "--null", "-z"),
  ],
  positional: (name, place) => (place === 0 ? harmlessSetting(name) : null),
};

const shortExec = refusedFlags(startsProgram, [["-x", "--exec"]]);
const runsPrograms = "it starts the program that it is given";

const fromElsewhere = "it makes git read its configuration or its own programs from elsewhere";

/** What may stand before the subcommand. */
const before: readonly FlagRule[] = [
  ...refusedFlags(fromElsewhere, [
    ["--exec-path"],
    ["--config-env"],
    ["--namespace"],
    ["--super-prefix"],
    ["--attr-source"],
  ]),
  ...refusedFlags("it starts a pager", [["-p", "--paginate"]]),
  ...checkedFlags(insidePath, [["-C"], ["--git-dir"], ["--work-tree"]]),
  { names: ["-c"], value: "required", check: harmlessSetting },
  ...switches(
    "--no-pager",
    "-P",
    "--version",
    "-v",
    "--help",
    "-h",
    "--bare",
    "--no-optional-locks",
    "--literal-pathspecs",
    "--no-replace-objects",
  ),
];

/** git: no flag, setting or address that makes it start another program, and nothing outside of the project. */
export const gitRules: ArgumentRules = {
  style: getoptStyle,
  flags: [],
  subcommands: {
    before,
    allowed: {
      ...forEach(
        `add annotate apply blame branch bundle cat-file check-attr check-ignore checkout cherry cherry-pick clean count-objects
        describe diff diff-files diff-index diff-tree for-each-ref format-patch fsck gc hash-object init log ls-files ls-tree
        merge merge-base merge-tree mv name-rev notes prune range-diff read-tree reflog repack replace reset restore rev-list rev-parse revert
        rm shortlog show show-branch show-ref sparse-checkout stash status switch symbolic-ref update-index update-ref
        verify-commit verify-tag version whatchanged worktree write-tree`,
        anywhere,
      ),
      ...forEach("commit tag am", commit),
      ...forEach("fetch pull push ls-remote remote", remote),
      clone,
      config: settings,
      rebase: { flags: [...shortExec, ...(anywhere.flags ?? [])] },
      grep: { flags: [...refusedFlags(startsProgram, [["-O", "--open-files-in-pager"]]), ...valued("-e", "-f")] },
      archive: {
        flags: [
          ...refusedFlags("it fetches from elsewhere", [["--remote"], ["--exec"]]),
          ...checkedFlags(insidePath, [["--output", "-o"]]),
        ],
      },
      bisect: refusingFirst({ run: runsPrograms, visualize: runsPrograms, view: runsPrograms }, anywhere),
      submodule: refusingFirst({ foreach: runsPrograms }, remote),
    },
    refused: {
      ...forEach("difftool mergetool filter-branch send-email web--browse instaweb gui citool hook", runsPrograms),
      ...forEach(
        "remote-ext remote-fd upload-pack receive-pack upload-archive daemon shell http-backend",
        "it serves or starts programs for others",
      ),
      ...forEach("credential credential-store credential-cache maintenance", "it changes more than this project"),
    },
    others: "it is not a subcommand of git that may run here, so it could be an alias, which starts programs",
  },
};
