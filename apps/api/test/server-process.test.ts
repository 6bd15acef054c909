import { spawn, type ChildProcess } from "node:child_process";
import { once } from "node:events";
import { createServer } from "node:net";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, expect, test } from "vitest";
import { createClient } from "../src/client.ts";
import { loadKeys } from "../src/keys/keys.ts";
import { FakeBridge } from "./fake-bridge.ts";
import { FakeRelay } from "./fake-relay.ts";
import { findFreePort } from "../src/embedded/free-port.ts";
import { newId, owner, tokenIn } from "./test-api.ts";

// The API as its own process, killed and stopped for real.

const entry = join(import.meta.dirname, "..", "src", "server.ts");
let dataDir: string;
let relay: FakeRelay;
let ports: { api: number; internal: number };
let running: ChildProcess | null = null;

beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), "quarterdeck-process-"));
  relay = new FakeRelay();
  await relay.start();
  ports = { api: await findFreePort(), internal: await findFreePort() };
});

afterEach(async () => {
  await kill("SIGKILL");
  await relay.stop();
  await rm(dataDir, { recursive: true, force: true });
});

function launch(change: NodeJS.ProcessEnv = {}): { child: ChildProcess; stderr: () => string } {
  const child = spawn(process.execPath, [entry], {
    env: {
      PATH: process.env["PATH"],
      QUARTERDECK_DATA: dataDir,
      QUARTERDECK_PORT: String(ports.api),
      QUARTERDECK_INTERNAL_PORT: String(ports.internal),
      QUARTERDECK_RELAY_URL: relay.url,
      ...change,
    },
    stdio: ["ignore", "ignore", "pipe"],
  });
  running = child;
  let stderr = "";
  child.stderr?.on("data", (chunk: Buffer) => (stderr += chunk.toString()));
  return { child, stderr: () => stderr };
}

async function start(): Promise<void> {
  const { stderr } = launch();
  await expect.poll(() => stderr(), { interval: 20, timeout: 60_000 }).toContain("the API is up");
}

async function kill(signal: NodeJS.Signals): Promise<number | null> {
  const child = running;
  running = null;
  if (child === null || child.exitCode !== null || child.signalCode !== null) return child?.exitCode ?? null;
  const exited = once(child, "exit");
  child.kill(signal);
  const [code] = (await exited) as [number | null];
  return code;
}

test("killed in the middle of submissions, every acknowledged task is there and none is there twice [F1]", async () => {
  await start();
  const url = `http://localhost:${ports.api}`;
  const { operatorKey } = await loadKeys(dataDir);
  const link = await fetch(`http://127.0.0.1:${ports.internal}/internal/setup-link`, {
    headers: { authorization: `Bearer ${operatorKey}` },
  });
  const setupToken = ((await link.json()) as { url: string }).url.split("token=")[1] ?? "";
  const client = createClient({ url });
  await client.api.auth.setUp.mutate({ ...owner, setupToken, orgName: "Orchard" });
  const { command } = await client.api.servers.createEnrolment.mutate({});
  const { serverId } = await (await FakeBridge.create()).enrol(url, tokenIn(command));
  const { workspaceId } = await client.api.workspaces.create.mutate({ name: "Shop", serverId });

  const submissions = Array.from({ length: 60 }, (_, index) => ({
    taskId: newId("task"),
    workspaceId,
    projectId: null,
    action: "exec",
    params: { program: "echo", args: [String(index)] },
  }));
  const acknowledged = new Set<string>();
  const submitAll = async (onAnswer: () => void) => {
    for (const submission of submissions) {
      const { taskId } = await client.api.tasks.submit.mutate(submission);
      acknowledged.add(taskId);
      onAnswer();
    }
  };
  const cutOff = submitAll(() => {
    if (acknowledged.size === 25) void kill("SIGKILL");
  });
  await expect(cutOff).rejects.toThrow();
  await start();
  const before = await client.api.tasks.list.query({ limit: 100 });
  const stored = new Set<string>(before.tasks.map((task) => task.taskId));
  for (const taskId of acknowledged) expect(stored).toContain(taskId);
  await submitAll(() => {});
  const { tasks } = await client.api.tasks.list.query({ limit: 100 });
  expect(tasks.map((task) => task.taskId).reverse()).toEqual(submissions.map((submission) => submission.taskId));
  await relay.hasEntries(serverId, 62);
  const sent = relay.commandsOf(serverId).map((sentCommand) => sentCommand.taskId);
  expect(sent.slice(1)).toEqual(submissions.map((submission) => submission.taskId));
  await client.close();
  expect(await kill("SIGTERM")).toBe(0);
}, 120_000);

test("SIGTERM stops it cleanly", async () => {
  await start();
  const response = await fetch(`http://localhost:${ports.api}/health`);
  expect(response.status).toBe(200);
  expect(await kill("SIGTERM")).toBe(0);
});

test.each([
  ["a malformed variable", { QUARTERDECK_PORT: "seventy" }, /Set QUARTERDECK_PORT to a port number/],
  ["a missing variable", { QUARTERDECK_RELAY_URL: "" }, /QUARTERDECK_RELAY_URL/],
])("%s ends the start with its name and the fix", async (_, change, message) => {
  const { child, stderr } = launch(change);
  const [code] = (await once(child, "exit")) as [number];
  expect(code).toBe(2);
  expect(stderr()).toMatch(message);
});

test("a port that is taken ends the start and says which, and how to change it", async () => {
  const holder = createServer();
  await new Promise<void>((resolve) => holder.listen(ports.api, "127.0.0.1", resolve));
  const { child, stderr } = launch();
  const [code] = (await once(child, "exit")) as [number];
  holder.close();
  expect(code).toBe(2);
  expect(stderr()).toContain(
    `Port ${ports.api} on 127.0.0.1 is in use by another program. Set QUARTERDECK_PORT to another port.`,
  );
});
