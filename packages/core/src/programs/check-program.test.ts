import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { FlagRule } from "./argument-rules.ts";
import { checkProgram } from "./check-program.ts";
import { addedProgramSchema, defaultPrograms, rulesOf } from "./programs.ts";

const added = ["find", "pip3", "python", "ssh", "tar", "deno"];
const refusal = (program: string, args: readonly string[]) => {
  const checked = checkProgram({ program, args }, added);
  return checked.ok ? null : checked.error;
};
/** Words with spaces between them; `_` stands for a space. */
const words = (line: string) => line.split(" ").map((word) => word.replaceAll("_", " "));

describe("a program with its arguments", () => {
  it.each([
    "npm test",
    "npm install-test",
    "npm ci --no-audit",
    "npm run build -- --prefix /x --config y",
    "npm --prefix packages/a run build",
    "npm install left-pad@1.3.0 --save-dev",
    "npm install git+https://example.org/a/b.git",
    "npx -y cowsay --config /any",
    "npx --package typescript tsc -p .",
    "pnpm -r run build",
    "pnpm --filter ./packages/a test",
    "yarn",
    "yarn build --config /any",
    "yarn workspace a add left-pad",
    "node server.js -r /any --import /any",
    "node -e process.exit(0)",
    "node --test --test-name-pattern a",
    "node --import tsx --test test/a.ts",
    "node -r ./setup.js a.js",
    "node --max-old-space-size=512 a.js",
    "python3 -m pytest -q",
    "python3 -c print(1) --config /any",
    "python3 -Wd -X importtime manage.py migrate --settings=/any",
    "pytest -vv -k not_slow tests/test_a.py::test_b",
    "pip install -r requirements.txt",
    "pip install requests==2.31 --index-url https://example.org/simple",
    "go test -v -run TestA ./... -args -exec x",
    "go build -o bin/a -ldflags=-X_main.version=1 ./cmd/a",
    "go run ./cmd/a -exec x",
    "cargo test --release -- --config x",
    "cargo run -p a -- --config x",
    "make -j4 all CC=clang VERSION=1.2",
    "git status --short",
    "git log -p -3 --format=%h",
    "git commit -am fix:_it",
    "git push -u origin main",
    "git fetch --prune origin",
    "git clone --depth 1 https://example.org/a/b.git",
    "git -c user.name=Ann commit -m x",
    "git config user.email a@example.org",
    "git -C sub diff",
    "date -u +%F",
    "date -Iseconds",
    "tar -czf out.tar.gz src",
    "find . -name *.ts -maxdepth 2",
    "ssh example.org -- ls -o x",
    "deno run --any /thing",
    "echo --anything",
    "cat /etc/os-release",
  ])("may be started: %s", (line) => {
    const [program = "", ...args] = words(line);
    expect(refusal(program, args)).toBeNull();
  });

  it.each([
    "node -r /tmp/x.js a.js",
    "node --require=/tmp/x.js a.js",
    "node --require ../x.js a.js",
    "node --import data:text/javascript,1 a.js",
    "node --Experimental-Loader=/tmp/x.mjs a.js",
    "npm --tag --script-shell=/tmp/x test",
    "git log --unknown -- --ext-diff",
    "node --max-http-header-size 100 -r /tmp/x.js a.js",
    "node --unknown 100 -r /tmp/x.js a.js",
    "node --unknown -e /tmp/x.js",
    "node --env-file=/tmp/env a.js",
    "node --inspect=0.0.0.0 a.js",
    "node inspect a.js",
    "node /tmp/x.js",
    "node -- ../x.js",
    "python3 ../x.py",
    "python3 -W -c /tmp/x.py",
    "python3 -m pip install --python=/tmp/x a",
    "python3 -mpip install --python=/tmp/x a",
    "python3 -Bm pytest -c /tmp/x",
    "npm --node-options=--require=/tmp/x test",
    "npm --node-opt --require=/tmp/x test",
    "npm -script-shell /tmp/x test",
    "npm ---script-shell=/tmp/x test",
    "npm --prefix /tmp test",
    "npm -C /tmp test",
    "npm --C /tmp test",
    "npm i -Dg a",
    "npm i --gD a",
    "npm exec -c ls",
    "npm exec --call=ls",
    "npm config set script-shell /tmp/x",
    "npm explore a -- ls",
    "npm --unknown x config set script-shell /tmp/x",
    "npm install --ignore-scripts=false",
    "npm install --ignore-scripts false",
    "npm install --no-ignore-scripts",
    "npm install ext::x",
    "npm install a@file:../x",
    "npm install git+file:///tmp/x",
    "npx -c ls",
    "npx --unknown x -c ls",
    "pnpm exec ls",
    "pnpm ls-anything-else",
    "yarn exec ls",
    "yarn node -r /tmp/x",
    "yarn workspaces foreach exec ls",
    "yarn add a@exec:./x.js",
    "pip install --index-url http://example.org a",
    "pip install --trusted-h example.org a",
    "pip install --target=/tmp a",
    "pip --python /tmp/x install a",
    "pip config edit --editor /tmp/x",
    "pytest -o addopts=-p_x",
    "pytest -xc /tmp/x",
    "pytest @/tmp/x",
    "go build -toolexec x",
    "go build --toolexec=x",
    "go test ./... -exec x",
    "go build -ldflags=-extld=/tmp/x",
    "go vet -vettool /tmp/x",
    "go env -w CC=/tmp/x",
    "go run -exec x .",
    "cargo --config build.rustc-wrapper='x' build",
    "cargo build --config=x",
    "cargo -vZ x build",
    "cargo anything",
    "cargo rustc -- -C linker=/tmp/x",
    "make SHELL=/tmp/x",
    "make .SHELLFLAGS=-x",
    "make MAKEFLAGS=--eval=x",
    "make X!=ls",
    "make X=$(shell_ls)",
    "make CC=cc;ls",
    "make --eval x",
    "make --ev=x",
    "make -Ex",
    "make -kf /tmp/Makefile",
    "make --directory=/tmp",
    "git -c core.pager=x log",
    "git -c CORE.SSHCOMMAND=x fetch",
    "git -c alias.x=!ls status",
    "git -c protocol.ext.allow=always fetch",
    "git --exec-path=/tmp status",
    "git --config-env=core.pager=X log",
    "git --git-dir=/tmp/x status",
    "git -C .. status",
    "git clone --upload-pack=x https://example.org/a",
    "git clone -u x https://example.org/a",
    "git clone --upload-p x https://example.org/a",
    "git clone -c core.fsmonitor=x https://example.org/a",
    "git clone --config core.fsmonitor=x https://example.org/a",
    "git fetch -o -- --upload-pack=x",
    "git fetch --unknown -- --upload-pack=x",
    "git fetch ext::sh_-c_ls",
    "git fetch file:///tmp/x",
    "git pull --upload-pack x",
    "git push --receive-pack=x origin",
    "git push --exe x origin",
    "git ls-remote --exec=x origin",
    "git remote add o EXT::x",
    "git clone -- -oProxyCommand=x:y",
    "git clone https://user:secret@example.org/a",
    "git submodule foreach ls",
    "git submodule --quiet foreach ls",
    "git bisect run ls",
    "git rebase -x ls",
    "git rebase -ix ls",
    "git rebase --exec=ls",
    "git grep -Oless x",
    "git grep --open-files-in-pager=less x",
    "git difftool -x ls",
    "git filter-branch x",
    "git config --global core.pager x",
    "git config core.hooksPath x",
    "git config -e",
    "git any-alias",
    "date -s 2020-01-01",
    "date --se=2020-01-01",
    "date 010100002020",
    "tar -xf a --checkpoint=1 --checkpoint-action=exec=ls",
    "tar -xf a --checkpoint-a exec=ls",
    "tar -xf a --to-command=ls",
    "tar -xIls -f a",
    "tar xfI a ls",
    "tar -cf host:x a",
    "find . -exec ls",
    "find . -name x -okdir ls",
    "ssh -oProxyCommand=ls example.org",
    "ssh -vo ProxyCommand=ls example.org",
    "ssh -F /tmp/x example.org",
  ])("[S2][S3] is refused where it starts something else: %s", (line) => {
    const [program = "", ...args] = words(line);
    expect(refusal(program, args)?.code).toBe("ARGUMENT_NOT_ALLOWED");
  });

  it("says which argument it refuses and why, and repeats no argument, which may be a secret [E1]", () => {
    const message = refusal("node", ["--test", "--require=/hunter2"])?.message;
    expect(message).toBe(
      "Argument 2 of node (--require, -r) is refused: it points outside of the project. Use a path below the folder that the program runs in.",
    );
    expect(refusal("python3", ["-m", "pip", "install", "--python", "x"])?.message).toMatch(/^Argument 4 of pip /);
    for (const args of [["hunter2"], ["hunter2::x"], ["-c", "hunter2.x=hunter2"], ["clone", "https://a:hunter2@b/c"]])
      expect(refusal("git", args)?.message).not.toContain("hunter2");
  });

  it("[S3] is refused in a spelling of its flags that only the program itself takes for the same", () => {
    expect(refusal("node", ["--experimental_loader=/tmp/x.mjs", "a.js"])?.code).toBe("ARGUMENT_NOT_ALLOWED");
  });

  it("is refused when neither every project nor this one has it", () => {
    expect(checkProgram({ program: "deno", args: [] }, []).ok).toBe(false);
    expect(checkProgram({ program: "__proto__", args: [] }, [])).toMatchObject({
      error: { code: "PROGRAM_NOT_ALLOWED" },
    });
    expect(checkProgram({ program: "toString", args: [] }, ["toString"]).ok).toBe(true);
  });

  it.each(["sh", "bash", "env", "xargs", "sudo", "busybox", "docker", "../x", "/bin/x", "a b", "-x", ""])(
    "[S3] cannot be added to a project where it would start any other: %s",
    (program) => expect(addedProgramSchema.safeParse(program).success).toBe(false),
  );

  it("[S1] takes any characters where they are only text", () => {
    for (const text of ["; rm -rf /", "$(id)", "`id`", "a\nb", '"', "｜", "‮", "–-require=/x"]) {
      expect(refusal("echo", [text])).toBeNull();
      expect(refusal("node", ["a.js", text])).toBeNull();
    }
  });
});

interface RefusedPlace {
  readonly program: string;
  readonly subcommand: string | null;
  readonly flag: FlagRule;
  readonly scope: readonly FlagRule[];
}

/** Every flag that is refused, in every place where it is; what a program refuses everywhere, in the first of its subcommands. */
const refusedPlaces: RefusedPlace[] = [...defaultPrograms, "find", "ssh", "tar"].flatMap((program) => {
  const rules = rulesOf(program);
  if (!rules) return [];
  const { subcommands, flags } = rules;
  const scopes = [
    { subcommand: null, own: [...(subcommands?.before ?? []), ...flags] },
    ...Object.entries(subcommands?.allowed ?? {}).map(([subcommand, sub], index) => ({
      subcommand,
      own: [...(sub.flags ?? []), ...(index === 0 ? flags : [])],
    })),
  ];
  return scopes.flatMap(({ subcommand, own }) =>
    own
      .filter((flag) => flag.refused !== undefined)
      .map((flag) => ({ program, subcommand, flag, scope: subcommand === null ? own : [...own, ...flags] })),
  );
});

/** All that the program would take for the flag, by what its manual says of how it reads flags. */
function spellings({ program, flag, scope }: RefusedPlace): string[][] {
  const style = rulesOf(program)?.style;
  const isShort = (name: string) => !name.startsWith("--") && style?.longDashes !== "one or two";
  const harmless = scope.filter(({ value }) => value === "none").flatMap(({ names }) => names.filter(isShort));
  const isKnown = (name: string) => scope.some(({ names }) => names.includes(name));
  return flag.names.flatMap((name) => {
    const bare = name.replace(/^-+/, "");
    if (isShort(name)) {
      const own = [[name, "v"], [`${name}v`], [`${name}=v`]];
      const rows = style?.combinesShort ? harmless.map((other) => [`${other}${bare}`, "v"]) : [];
      return [...own, ...rows];
    }
    const beginnings = style?.abbreviates
      ? Array.from({ length: bare.length - 1 }, (_, at) => bare.slice(0, at + 1)).filter(
          (text) => !isKnown(`--${text}`),
        )
      : [];
    const dashes =
      style?.longDashes === "any" ? ["-", "--", "---"] : style?.longDashes === "two" ? ["--"] : ["-", "--"];
    return [bare, ...beginnings]
      .filter((text) => text.length > 1)
      .flatMap((text) => dashes.flatMap((dash) => [[`${dash}${text}`, "v"], [`${dash}${text}=v`]]));
  });
}

describe("a refused flag", () => {
  it("is refused in every spelling, behind anything harmless [S2][S3]", () => {
    const cases = refusedPlaces.flatMap((place) => spellings(place).map((spelling) => ({ ...place, spelling })));
    expect(cases.length).toBeGreaterThan(2000);
    fc.assert(
      fc.property(
        fc.nat(cases.length - 1).map((index) => cases[index] as (typeof cases)[number]),
        fc.array(fc.constantFrom("--zz=1", "-", "x"), { maxLength: 3 }),
        ({ program, subcommand, scope, spelling }, before) => {
          const rules = rulesOf(program);
          const stops =
            rules?.stopsAtPositional ??
            (subcommand !== null && rules?.subcommands?.allowed[subcommand]?.stopsAtPositional);
          const switches = scope
            .filter(({ value, endsFlags }) => value === "none" && !endsFlags)
            .flatMap(({ names }) => names.slice(0, 1));
          const behind =
            stops || (subcommand === null && rules?.subcommands) ? before.filter((text) => text.includes("=")) : before;
          const args = [...(subcommand === null ? [] : [subcommand]), ...switches.slice(0, 2), ...behind, ...spelling];
          return refusal(program, args)?.code === "ARGUMENT_NOT_ALLOWED";
        },
      ),
      { numRuns: 3000 },
    );
    const passed = cases.filter(
      ({ program, subcommand, spelling }) =>
        refusal(program, [...(subcommand === null ? [] : [subcommand]), ...spelling])?.code !== "ARGUMENT_NOT_ALLOWED",
    );
    expect(passed).toEqual([]);
  });

  it("is text behind the end of the flags, and behind the script that it is for", () => {
    fc.assert(
      fc.property(fc.constantFrom(...refusedPlaces), (place) => {
        const [spelling = []] = spellings(place);
        expect(refusal("npm", ["run", "x", "--", ...spelling])).toBeNull();
        expect(refusal("node", ["x.js", ...spelling])).toBeNull();
        expect(refusal("python3", ["-c", "x", ...spelling])).toBeNull();
      }),
    );
  });

  it("of any program never makes the check fail on arguments that nobody foresaw", () => {
    const programs = [...defaultPrograms, "find", "ssh", "tar"];
    const argument = fc.oneof(fc.string(), fc.constantFrom("--", "-", "--=", "-=", "---", "-c", "-m", "=", "!="));
    fc.assert(
      fc.property(fc.constantFrom(...programs), fc.array(argument, { maxLength: 8 }), (program, args) => {
        const { message } = refusal(program, args) ?? { message: "Argument " };
        expect(message).toMatch(/^Argument /);
      }),
    );
  });
});
