import { AxeBuilder } from "@axe-core/playwright";
import type { ProjectId, RunId, WorkspaceId } from "@quarterdeck/core/ids";
import { encodeReadings } from "@quarterdeck/core/protocol/compact-readings";
import { encodeWorkspaces, projectKey, type NodeUsage } from "@quarterdeck/core/protocol/workspace-readings";
import { gibibyte, mebibyte, minuteMs, secondMs } from "@quarterdeck/core/units";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { takeScreenshot } from "./support/browser.ts";
import { newTaskId, setUp } from "./support/client.ts";
import { ScriptedBridge } from "./support/scripted-bridge.ts";
import { waitFor } from "./support/wait-for.ts";
import { withConsole } from "./support/with-console.ts";

interface Place {
  readonly workspaceId: WorkspaceId;
  readonly projectId: ProjectId;
  readonly runId: RunId;
}

/** Moments of a server on which one project works and waits for the disk now and then. */
function readingsAt(times: readonly number[], place: Place) {
  const readings = times.map((atMs) => readingAt(atMs, place));
  return [
    ...encodeReadings(readings.map(({ sample }) => sample)),
    ...encodeWorkspaces(readings.map(({ workspace }) => workspace)),
  ];
}

function readingAt(atMs: number, { workspaceId, projectId, runId }: Place) {
  const wave = Math.sin(atMs / 20_000);
  const cpu = Math.round(700 + 500 * wave);
  const memory = Math.round((300 + 100 * wave) * mebibyte);
  const network = { received: Math.round(atMs / 10), sent: Math.round(atMs / 40) };
  const pressure = { cpu: 150, memory: 0, io: Math.round(800 + 700 * wave) };
  const usage: NodeUsage = { cpu, memory, tasks: 9, runs: 1, disk: 420 * mebibyte, pressure, network };
  const sample = {
    atMs,
    cpu: cpu + 100,
    cpuCapacity: 2000,
    memoryUsed: gibibyte + memory,
    memoryTotal: 4 * gibibyte,
    diskUsed: 30 * gibibyte,
    diskTotal: 80 * gibibyte,
    networkReceived: Math.round(atMs / 10),
    networkSent: Math.round(atMs / 40),
    load1: 1 + wave / 2,
    runs: 1,
    pressure,
  };
  const projects = [{ project: projectKey(projectId), ...usage }];
  const topRuns = [{ runId, cpu, memory, tasks: 9 }];
  return { sample, workspace: { workspaceId, atMs, ...usage, projects, topRuns } };
}

async function lookAt(page: Page, name: string) {
  for (const colorScheme of ["light", "dark"] as const) {
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await takeScreenshot(page, `${name}-${colorScheme}`);
  }
  const { violations } = await new AxeBuilder({ page }).analyze();
  expect(violations.map(({ id }) => id)).toEqual([]);
}

it("shows what a workspace, a project and the server's runs use, live and in the past", {
  timeout: 120_000,
}, async () => {
  await withConsole("use", async ({ quarterdeck, page }) => {
    const client = await setUp(quarterdeck);
    const { api } = client;
    using bridge = await ScriptedBridge.connect(quarterdeck.url, client);
    const { serverId } = bridge;
    const { workspaceId } = await api.workspaces.create.mutate({ name: "Orchard", serverId });
    const made = { workspaceId, name: "shop", url: "https://example.com/shop.git" };
    const { projectId } = (await api.projects.createFromGit.mutate(made)).project;
    const params = { program: "echo", args: ["busy"] };
    const submission = { taskId: newTaskId(), workspaceId, projectId: null, action: "exec", params };
    const { runId } = await api.tasks.submit.mutate(submission);
    const place = { workspaceId, projectId, runId };

    // A quarter of an hour of which the bridge tells late, as one that was offline does.
    const nowMs = Date.now();
    const times = Array.from({ length: 30 }, (_, i) => nowMs - 20 * minuteMs + i * 30 * secondMs);
    await bridge.handOver(readingsAt(times, place));
    await waitFor(
      async () => (await api.telemetry.history.query({ nodeId: projectId, span: "hour" })).atMs.length >= 15,
      { what: "the minutes to reach the platform" },
    );
    const live = setInterval(() => bridge.send(readingsAt([Date.now()], place)), secondMs);
    try {
      await client.signIn(page, quarterdeck.url);
      await page.goto(`${quarterdeck.url}/workspaces/${workspaceId}`);
      const use = page.getByRole("region", { name: "Use" });
      await use.getByRole("img", { name: /^CPU: Last 5 minutes\. Now [\d.]+ cores, on average/ }).waitFor();
      await use.getByRole("img", { name: /^Pressure: Last 5 minutes\. CPU: now 2%.*disk: now/ }).waitFor();
      await use.getByLabel("Time shown").selectOption("Last hour");
      await use.getByRole("img", { name: /^Memory: Last hour\. Readings are missing once\. Now \d+ MB/ }).waitFor();
      await lookAt(page, "use-workspace");
      await use.getByLabel("Time shown").selectOption("Last year");
      await use.getByText("Nothing was measured").waitFor();

      await page.goto(`${quarterdeck.url}/servers/${serverId}`);
      const readings = page.getByRole("region", { name: "Readings" });
      await readings.getByRole("img", { name: /^Load: Last 5 minutes\..* now [\d.]+, on average/i }).waitFor();
      const top = page.getByRole("table", { name: "Top runs" });
      await top.getByRole("link", { name: "echo busy" }).waitFor();
      expect(await top.getByRole("row").last().innerText()).toMatch(/Orchard\s+[\d.]+ cores\s+\d+ MB/);
      await page.setViewportSize({ width: 390, height: 844 });
      await lookAt(page, "use-server-narrow");
      await page.setViewportSize({ width: 1280, height: 900 });
      await lookAt(page, "use-server");
    } finally {
      clearInterval(live);
    }
    await client.close();
  });
});
