import { commandSchema } from "@quarterdeck/core/protocol/command";
import { renewalAnswerSchema } from "@quarterdeck/core/protocol/relay-api";
import { expect, test } from "vitest";
import { capabilities } from "./fake-bridge.ts";
import { newId, refusalOf, TestApi, type Fixture } from "./test-api.ts";

const url = "https://example.com/qs.git";

async function readyProject(platform: TestApi, { api, workspaceId, serverId, bridge }: Fixture) {
  const { project } = await api.projects.createFromGit.mutate({ workspaceId, name: "qs", url });
  await platform.relay.hasEntries(serverId, 3);
  const clone = platform.relay.commandsOf(serverId).at(-1)!;
  await platform.report(serverId, { kind: "result", ...(await bridge.finish(clone, {})) });
  return project.projectId;
}

const policy = (...rules: { line: number; setting: string; value: string }[]) => ({
  state: "inForce",
  path: "/etc/quarterdeck/policy.toml",
  hash: "h",
  problem: null,
  rulesLeftOut: 0,
  rules,
});

test("arguments that make a program start something else are refused at the submission, with which and why [S3]", async () => {
  await using platform = await TestApi.start();
  const { api, workspaceId } = await platform.withWorkspace();
  const submit = (...args: string[]) =>
    api.tasks.submit.mutate({
      taskId: newId("task"),
      workspaceId,
      projectId: null,
      action: "exec",
      params: { program: "npm", args },
    });
  const refusal = await refusalOf(submit("--script-shell=/tmp/hunter2", "test"));
  expect(refusal.code).toBe("ARGUMENT_NOT_ALLOWED");
  expect(refusal.message).toMatch(/^Argument 1 of npm \(--script-shell\) is refused: /);
  expect(refusal.message).not.toContain("hunter2");
  expect((await submit("test")).state).toBe("queued");
});

test("a project's admins add programs to it, which each of its commands says, signed anew too", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const { api, workspaceId, serverId } = fixture;
  const projectId = await readyProject(platform, fixture);
  const submit = (place: { projectId: typeof projectId | null }) =>
    api.tasks.submit.mutate({
      taskId: newId("task"),
      workspaceId,
      action: "exec",
      params: { program: "deno", args: ["test"] },
      ...place,
    });
  expect((await refusalOf(submit({ projectId }))).code).toBe("PROGRAM_NOT_ALLOWED");
  const changed = await api.projects.setPrograms.mutate({
    projectId,
    added: ["ruff", "deno", "deno"],
    installScripts: true,
  });
  expect(changed.programs).toEqual({ added: ["deno", "ruff"], installScripts: true });
  expect((await refusalOf(submit({ projectId: null }))).code).toBe("PROGRAM_NOT_ALLOWED");
  const task = await submit({ projectId });
  await platform.relay.hasEntries(serverId, 4);
  const programs = { added: ["deno", "ruff"], installScripts: true };
  expect(platform.relay.commandsOf(serverId).at(-1)).toMatchObject({ runId: task.runId, programs });

  await fixture.api.projects.setPrograms.mutate({ projectId, added: ["deno"], installScripts: false });
  const answer = await platform.internal("/relay/renewals", { serverId, runIds: [task.runId] });
  const { renewed } = renewalAnswerSchema.parse(await answer.json());
  const again = commandSchema.parse(JSON.parse(renewed[0]?.signed ?? ""));
  expect(again.programs).toEqual({ added: ["deno"], installScripts: false });

  const entries = await platform.api.database.client.execute(
    "select detail from audit_entries where action = 'project.setPrograms' and outcome = 'done'",
  );
  expect(entries.rows.map((row) => row["detail"])).toEqual([
    "programs: deno ruff; install scripts: on",
    "programs: deno; install scripts: off",
  ]);
});

test("a program that starts any other is not added, nor a path", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const projectId = await readyProject(platform, fixture);
  for (const name of ["bash", "env", "../x", "/bin/ls", "a b", ""]) {
    const set = fixture.api.projects.setPrograms.mutate({ projectId, added: [name], installScripts: false });
    expect((await refusalOf(set)).code).toBe("BAD_REQUEST");
  }
});

test("a project gets no more programs than its server's owner allows, and is told the line", async () => {
  await using platform = await TestApi.start();
  const fixture = await platform.withWorkspace();
  const projectId = await readyProject(platform, fixture);
  const online = (rules: ReturnType<typeof policy>, epoch: number) =>
    platform.report(fixture.serverId, {
      kind: "online",
      epoch,
      bootId: "b",
      capabilities: { ...capabilities, policy: rules },
    } as never);
  const set = (added: string[], installScripts = false) =>
    fixture.api.projects.setPrograms.mutate({ projectId, added, installScripts });
  const cases = [
    [{ line: 4, setting: "programs.projects_may_add", value: "false" }, ["deno"], false],
    [{ line: 5, setting: "programs.forbid", value: "deno" }, ["deno"], false],
    [{ line: 6, setting: "programs.allow", value: "npm" }, ["deno"], false],
    [{ line: 7, setting: "programs.install_scripts", value: "false" }, [], true],
  ] as const;
  for (const [index, [rule, added, installScripts]] of cases.entries()) {
    await online(policy(rule), index + 2);
    const refusal = await refusalOf(set([...added], installScripts));
    expect(refusal.code).toBe("POLICY_FORBIDS");
    expect(refusal.message).toContain(`/etc/quarterdeck/policy.toml line ${rule.line} `);
    expect((await set([])).programs).toEqual({ added: [], installScripts: false });
  }
  const seen = await fixture.api.servers.get.query({ serverId: fixture.serverId });
  expect(seen.capabilities?.policy?.rules).toEqual([cases[3][0]]);
});
