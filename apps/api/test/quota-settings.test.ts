import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { ProjectId, ServerId } from "@quarterdeck/core/ids";
import { defaultQuotaSettings } from "@quarterdeck/core/quota/operator-settings";
import { expect, test } from "vitest";
import { readEnv } from "../src/env.ts";
import { newId, TestApi } from "./test-api.ts";

const url = "https://example.com/qs.git";

async function withFile(content: unknown) {
  const directory = await mkdtemp(join(tmpdir(), "quarterdeck-quotas-"));
  const path = join(directory, "quotas.json");
  const write = (next: unknown) => writeFile(path, typeof next === "string" ? next : JSON.stringify(next));
  await write(content);
  return { path, write, [Symbol.asyncDispose]: () => rm(directory, { recursive: true }) };
}

const half = { runningPercent: 50, storagePercent: 100 };
const lifecycle = { ...defaultQuotaSettings.lifecycle, suspended: half };

test("presets, plans and what each state leaves are the operator's", async () => {
  const tiny = { cpu: 100, memory: 2 ** 20, disk: 0, io: 10 ** 6, runs: 1, services: 0 };
  const requestTiers = {
    ...defaultQuotaSettings.requestTiers,
    enterprise: { cpu: 1, memory: 1, requestsPerMinute: 5000, openConnections: 9 },
  };
  await using file = await withFile({ presets: { tiny }, requestTiers, lifecycle });
  await using platform = await TestApi.start({ QUARTERDECK_QUOTA_FILE: file.path });
  const fixture = await platform.withWorkspace();
  const { api, workspaceId, serverId } = fixture;
  const { services: _services, ...shown } = tiny;
  expect(await api.quotas.presets.query()).toEqual([{ name: "tiny", ...shown }]);
  const { orgId } = await api.orgs.current.query();
  expect((await api.quotas.get.query({ nodeId: orgId })).plan).toMatchObject({ requestsPerMinute: 5000 });
  const { projectId } = (await api.projects.createFromGit.mutate({ workspaceId, name: "qs", url })).project;
  await api.quotas.set.mutate({ nodeId: projectId, limits: { cpu: 1000 } });
  const view = await api.quotas.setLifecycle.mutate({ projectId, state: "suspended" });
  expect(view.states.find(({ state }) => state === "suspended")).toEqual({
    state: "suspended",
    factor: half,
    limits: { cpu: 500 },
  });
  // It would be a tenth, and too little for a run, as it is before an operator changes it.
  const exec = { action: "exec", params: { program: "echo", args: [] } };
  const task = await api.tasks.submit.mutate({ taskId: newId("task"), workspaceId, projectId, ...exec });
  await platform.relay.until(() => platform.relay.commandsOf(serverId).some(({ taskId }) => taskId === task.taskId));
  expect(platform.relay.commandsOf(serverId).at(-1)?.quota?.project?.cpu).toBe(500);
  expect(toldCpu(platform, serverId, projectId)).toBe(500);
});

test("when the operator changes what states leave, the servers concerned are told at the next start", async () => {
  await using file = await withFile({ lifecycle });
  await using platform = await TestApi.start({ QUARTERDECK_QUOTA_FILE: file.path });
  const { api, workspaceId, serverId } = await platform.withWorkspace();
  const { projectId } = (await api.projects.createFromGit.mutate({ workspaceId, name: "qs", url })).project;
  await api.quotas.set.mutate({ nodeId: projectId, limits: { cpu: 1000 } });
  await api.quotas.setLifecycle.mutate({ projectId, state: "suspended" });
  await platform.relay.until(() => toldCpu(platform, serverId, projectId) === 500);
  await platform.restart(() => file.write({}));
  await platform.relay.until(() => toldCpu(platform, serverId, projectId) === 100);
  await api.quotas.setLifecycle.mutate({ projectId, state: "active" });
  await platform.relay.until(() => toldCpu(platform, serverId, projectId) === 1000);
  const entries = platform.relay.entriesOf(serverId).length;
  await platform.restart();
  await api.quotas.setWeight.mutate({ nodeId: projectId, weight: 2 });
  await platform.relay.until(() => platform.relay.entriesOf(serverId).length > entries);
  expect(platform.relay.entriesOf(serverId)).toHaveLength(entries + 1);
});

const complete = { QUARTERDECK_DATA: "/data", QUARTERDECK_INTERNAL_PORT: "0", QUARTERDECK_RELAY_URL: "http://relay" };

test("a file that is wrong ends the start with its name and what is wrong with it", async () => {
  await using file = await withFile("");
  const read = () => readEnv({ ...complete, QUARTERDECK_QUOTA_FILE: file.path });
  for (const [content, problem] of [
    ["{", "cannot be read as JSON"],
    [{ presets: {} }, "Keep at least one preset."],
    [{ presets: { Big: { cpu: 1, memory: 1, disk: 1, runs: 1, services: 1 } } }, "presets.Big"],
    [{ lifecycle: { ...lifecycle, archived: { runningPercent: 200, storagePercent: 100 } } }, "lifecycle.archived"],
    [{ requestTiers: { basic: {} } }, "requestTiers.basic"],
    [{ burst: {} }, "burst"],
  ] as const) {
    await file.write(content);
    expect(read).toThrow(problem);
    expect(read).toThrow(`QUARTERDECK_QUOTA_FILE: ${file.path}`);
  }
  expect(() => readEnv({ ...complete, QUARTERDECK_QUOTA_FILE: `${file.path}.gone` })).toThrow("ENOENT");
  expect(() => readEnv({ ...complete, QUARTERDECK_QUOTA_FILE: "quotas.json" })).toThrow("absolute path");
});

test("what is left out stays as it is, and the variable for requests counts before the file", async () => {
  const requestTiers = {
    ...defaultQuotaSettings.requestTiers,
    basic: { cpu: 1, memory: 1, requestsPerMinute: 9, openConnections: 9 },
  };
  await using file = await withFile({ requestTiers });
  const set = { ...complete, QUARTERDECK_QUOTA_FILE: file.path };
  expect(readEnv(set).quotas).toEqual({ ...defaultQuotaSettings, requestTiers });
  expect(readEnv(set).requestsPerMinute).toEqual({ basic: 9, premium: 500, enterprise: 2000 });
  const both = { ...set, QUARTERDECK_REQUESTS_PER_MINUTE: '{"basic":7}' };
  expect(readEnv(both).requestsPerMinute.basic).toBe(7);
});

/** The limit of cpu that the relay object of a server was told last of a project. */
function toldCpu({ relay }: TestApi, serverId: ServerId, projectId: ProjectId) {
  const told = relay.entriesOf(serverId).findLast((entry) => entry.kind === "limits");
  return told?.nodes.find(({ id }) => id === projectId)?.limits.cpu;
}
