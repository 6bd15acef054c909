import { readFileSync } from "node:fs";
import { join } from "node:path";
import type { ProjectId, WorkspaceId } from "@quarterdeck/core/ids";
import { transform } from "esbuild";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newTaskId, outputOf, signIn, type TaskView, type TestClient } from "../../apps/web/e2e/support/client.ts";
import { waitFor } from "../../apps/web/e2e/support/wait-for.ts";
import { waitUntilOnline, workspaceOn } from "./support/installed-server.ts";
import { sampleProject } from "./support/sample-project.ts";
import { server, stage } from "./support/stage.ts";

const runMs = 480_000;
/** What goes through the machine's network, which runs share unless they have another (QUARTERDECK_OWN_NETWORKS). */
const throughTheNetwork = ["abstractSocket", "abstractTable", "socketTable", "tcpOtherAddress", "tcpPort", "udpPort"];

let client: TestClient;
let neighbourId: WorkspaceId;
let workspaceId: WorkspaceId;
let projectId: ProjectId;
let probe: string;
let planter: TaskView;
let planted: string;

async function start(where: { workspaceId: WorkspaceId; projectId: ProjectId | null }, ...args: string[]) {
  const taskId = newTaskId();
  // The first argument is where a script's name would be.
  const params = { program: "node", args: ["--input-type=module", "-e", probe, "probe", ...args] };
  await client.api.tasks.submit.mutate({ taskId, ...where, action: "exec", params });
  return taskId;
}

async function look(): Promise<Readonly<Record<string, string | null>>> {
  const taskId = await start({ workspaceId, projectId }, "look", planted);
  const end = await client.waitUntil(taskId, ({ state }) => state === "ended", runMs);
  const output = await outputOf(end);
  expect({ ...end, output }).toMatchObject({ verdict: "succeeded" });
  return JSON.parse(output);
}

beforeAll(async () => {
  client = await signIn(stage.url, stage.urlFromServer);
  const { serverId } = await waitUntilOnline(client);
  workspaceId = await workspaceOn(client, serverId);
  projectId = await sampleProject(client, workspaceId);
  neighbourId = await workspaceOn(client, serverId, "Next door");
  const source = readFileSync(join(import.meta.dirname, "../../packages/bridge/test/probe/probe.mjs"), "utf8");
  const { code } = await transform(source, { minify: true, format: "esm" });
  probe = `process.env.PROBE_WITHOUT_INPUT = "1"; ${code}`;
  const taskId = await start({ workspaceId: neighbourId, projectId: null }, "plant");
  planter = await client.waitUntil(taskId, ({ state }) => state === "running", runMs);
  const file = `/var/lib/quarterdeck-helper/runs/${planter.runId}/output`;
  planted = await waitFor(async () => /^\{.*\}$/m.exec((await server.run(`cat ${file}`)).stdout)?.[0], {
    what: "what the neighbour left",
    timeoutMs: runMs,
  });
});
afterAll(async () => {
  await client.api.projects.setNetwork.mutate({ projectId, network: { mode: "all", hosts: [] } });
  await client.close();
});

describe("what one workspace of an installed server sees of another", () => {
  it("[S7] nothing, where a project has no network", async () => {
    await client.api.projects.setNetwork.mutate({ projectId, network: { mode: "none", hosts: [] } });
    const seen = await look();
    expect(Object.keys(seen).length).toBeGreaterThan(20);
    expect(Object.entries(seen).filter(([, what]) => what !== null)).toEqual([]);
  });

  it("[S7] nothing but what listens, where they share the server's network; and the server says that they do", async () => {
    await client.api.projects.setNetwork.mutate({ projectId, network: { mode: "all", hosts: [] } });
    const seen = await look();
    // The neighbour is there to be found.
    expect(seen["tcpPort"]).toBe(JSON.parse(planted).marker);
    const found = Object.keys(seen).filter((way) => seen[way] !== null);
    expect(found.filter((way) => !throughTheNetwork.includes(way))).toEqual([]);
    const { capabilities } = await waitUntilOnline(client);
    expect(capabilities).toMatchObject({ sandbox: { network: "shared", workspaceUsers: true } });
  });

  it("[S7] each has a user of its own, who owns nothing of the other's", async () => {
    const users = await server.sh(
      `stat -c %u /var/lib/quarterdeck-helper/workspaces/${workspaceId}/home /var/lib/quarterdeck-helper/workspaces/${neighbourId}/home`,
    );
    const [first, second] = users.trim().split("\n").map(Number);
    expect(first).toBeGreaterThan(65_535);
    expect(second).toBeGreaterThan(65_535);
    expect(first).not.toBe(second);
    expect(JSON.parse(planted).uid).toBe(second);
    await client.api.tasks.cancel.mutate({ taskId: planter.taskId });
    await client.waitUntil(planter.taskId, ({ state }) => state === "ended", runMs);
  });
});
