import { actions, actionNames } from "@quarterdeck/core/actions/catalogue";
import { gibibyte, mebibyte } from "@quarterdeck/core/units";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { newId } from "../../test/fake-platform.ts";
import { decidePolicy, decideRepository, narrowCommand, type JudgedCommand } from "./decide-policy.ts";
import { parsePolicy, type Policy } from "./parse-policy.ts";

function policyOf(text: string): Policy {
  const read = parsePolicy("/p", text);
  if ("problem" in read) throw new Error(read.problem);
  return read;
}

const workspaceId = newId("workspace") as JudgedCommand["workspaceId"];
const projectId = newId("project") as JudgedCommand["projectId"];
const exec = (params: object, more: Partial<JudgedCommand> = {}): JudgedCommand => ({
  action: "exec",
  params: { args: [], ...params } as JudgedCommand["params"],
  workspaceId,
  projectId,
  demand: actions.exec.demand,
  ...more,
});
const clone = (url: string): JudgedCommand => ({ ...exec({}), action: "project.clone", params: { url } });
const run = exec({ program: "make" });

describe("a local policy", () => {
  it("that says nothing forbids nothing", () => {
    for (const command of [run, clone("https://example.org/a"), exec({ program: "deno", input: true })])
      expect(decidePolicy(policyOf(""), command)).toBeNull();
  });

  it.each<[string, string, JudgedCommand, JudgedCommand | null]>([
    ["an action", '[actions]\nforbid = ["exec"]', run, clone("https://example.org/a")],
    ["a program", '[programs]\nforbid = ["make"]', run, exec({ program: "git" })],
    ["programs beyond a list", '[programs]\nallow = ["git"]', run, exec({ program: "git" })],
    ["programs that projects add", "[programs]\nprojects_may_add = false", exec({ program: "deno" }), run],
    [
      "install scripts",
      "[programs]\ninstall_scripts = false",
      exec({ program: "npm" }, { programs: { added: [], installScripts: true } }),
      run,
    ],
    ["typing into runs", "[terminals]\nallow = false", exec({ program: "cat", input: true }), exec({ program: "cat" })],
    [
      "a workspace",
      `[workspaces]\nforbid = ["${workspaceId}"]`,
      run,
      exec({ program: "make" }, { workspaceId: newId("workspace") as typeof workspaceId }),
    ],
    ["other workspaces", `[workspaces]\nallow = ["${newId("workspace")}"]`, run, null],
    ["a project", `[projects]\nforbid = ["${projectId}"]`, run, exec({ program: "make" }, { projectId: null })],
    ["the network", '[network]\nmost = "none"', run, exec({ program: "make" }, { network: { mode: "none" } })],
    [
      "more than a list of the network",
      '[network]\nmost = "allowList"',
      exec({ program: "make" }, { network: { mode: "all" } }),
      exec({ program: "make" }, { network: { mode: "allowList" } }),
    ],
    [
      "a big run",
      "[limits]\ncpu_cores = 0.1",
      run,
      exec({ program: "make" }, { demand: { cpu: 100, memory: 1, runs: 1 } }),
    ],
    [
      "a run with much memory",
      '[limits]\nmemory = "10 MiB"',
      run,
      exec({ program: "make" }, { demand: { cpu: 1, memory: mebibyte, runs: 1 } }),
    ],
    [
      "a repository",
      '[repositories]\nforbid = ["example.org/a/*"]',
      clone("git@example.org:a/b.git"),
      clone("https://example.org/b/a"),
    ],
    [
      "other hosts",
      '[repositories]\nallow = ["example.org"]',
      clone("https://evil.example.org/a"),
      clone("ssh://git@example.org:22/a"),
    ],
    [
      "a remote of git",
      '[repositories]\nallow = ["example.org"]',
      exec({ program: "git", args: ["fetch", "https://other.org/a"] }),
      exec({ program: "git", args: ["fetch", "origin"] }),
    ],
  ])("can forbid %s, and names the line", (_what, text, forbidden, allowed) => {
    const refusal = decidePolicy(policyOf(`# a comment\n${text}`), forbidden);
    expect(refusal).toMatchObject({ code: "POLICY_FORBIDS", message: expect.stringMatching(/^\/p line 3 forbids /) });
    if (allowed) expect(decidePolicy(policyOf(text), allowed)).toBeNull();
  });

  it("never keeps anybody from stopping a run", () => {
    const all = actionNames.filter((name) => name !== "task.cancel").map((name) => `"${name}"`);
    const policy = policyOf(`[actions]\nforbid = [${all.join(", ")}]\n[workspaces]\nallow = []`);
    const command = { ...run, action: "task.cancel", params: { runId: newId("run") } } as JudgedCommand;
    expect(decidePolicy(policy, command)).toBeNull();
  });

  it("lowers the time and the output of a run, and raises neither", () => {
    const limits = { timeoutMs: 3_600_000, outputBytes: gibibyte };
    expect(narrowCommand(policyOf('[limits]\nrun_time = "1 min"\noutput = "1 MiB"'), { limits }).limits).toEqual({
      timeoutMs: 60_000,
      outputBytes: mebibyte,
    });
    expect(narrowCommand(policyOf('[limits]\nrun_time = "9 h"\noutput = "9 GiB"'), { limits }).limits).toEqual(limits);
  });

  it("compares repositories without how they are reached, in any letter case [S2]", () => {
    const policy = policyOf('[repositories]\nforbid = ["Example.org/Acme/*"]');
    for (const url of [
      "https://example.org/acme/x.git",
      "https://EXAMPLE.ORG/ACME/x",
      "https://example.org//acme/x/",
      "https://example.org/%61cme/x",
      "ssh://git@example.org:2222/acme/x",
      "git@example.org:acme/x.git",
      "https://example.org/b/../acme/x",
    ])
      expect([url, decideRepository(policy, url)?.code]).toEqual([url, "POLICY_FORBIDS"]);
    expect(decideRepository(policy, "https://example.org/acmes/x")).toBeNull();
  });

  it("can only narrow: a further rule lets nothing through that was refused before", () => {
    const rules = fc.subarray([
      '[actions]\nforbid = ["git.pull"]',
      '[programs]\nforbid = ["make"]\nprojects_may_add = false',
      '[repositories]\nallow = ["example.org"]',
      '[network]\nmost = "none"',
      "[terminals]\nallow = false",
      "[limits]\ncpu_cores = 0.2",
    ]);
    const commands = fc.constantFrom(
      run,
      clone("https://other.org/a"),
      exec({ program: "cat", input: true }),
      exec({ program: "deno" }),
    );
    fc.assert(
      fc.property(rules, rules, commands, (some, others, command) => {
        const more = [...new Set([...some, ...others])];
        const before = decidePolicy(policyOf(some.join("\n")), command);
        const after = decidePolicy(policyOf(more.join("\n")), command);
        expect(before === null || after !== null).toBe(true);
      }),
    );
  });
});
