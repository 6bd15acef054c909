import { spawn } from "node:child_process";
import { once } from "node:events";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { openContent } from "@quarterdeck/core/protocol/content-sealing";
import type { RelayToViewer } from "@quarterdeck/core/protocol/relay-to-viewer";
import { expect, it } from "vitest";
import { WebSocket } from "ws";
import { makeCanary } from "./support/canary.ts";
import { newTaskId, outputOf, setUp, type TestClient } from "./support/client.ts";
import { collect, repositoryRoot, startQuarterdeck } from "./support/quarterdeck.ts";
import { useSecretProject } from "./support/secret-project.ts";
import { startRecordingProxy } from "./support/recording-proxy.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";
import { Typist } from "./support/typist.ts";
import { waitFor } from "./support/wait-for.ts";

const bridgeProgram = join(repositoryRoot, "packages/bridge/dist/quarterdeck-bridge.mjs");

/** Says what was typed backwards, and goes on until its input ends. */
const echo = `process.stdin.on("data", (data) => process.stdout.write([...String(data)].reverse().join("")))`;

/** Writes what it was given, and says when it has, so that the run can be looked at while it goes on. */
const script = `let input = ""; process.stdin.on("data", (data) => (input += data)).on("end", () => {
  console.log(process.env.CANARY + "|" + input + "|" + [...process.env.CANARY].reverse().join(""));
  setTimeout(() => {}, 86400000);
})`;

function bridge(args: readonly string[]) {
  const child = spawn(process.execPath, [bridgeProgram, ...args], {
    env: { PATH: process.env["PATH"] },
    stdio: ["ignore", "pipe", "pipe"],
  });
  return { child, printed: collect(child) };
}

/** Every file below a folder, whole: also what a database has deleted and not overwritten yet. */
function filesIn(folder: string): Buffer[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name)));
}

/** Watches a run as a console does, over a relay of the test's choice. Resolves with what comes up to a text. */
async function watch(client: TestClient, relayUrl: string, wanted: { task: Watched; until: string }): Promise<string> {
  const { runId, serverId } = wanted.task;
  const ticket = await client.api.servers.viewerTicket.mutate({ serverId, telemetry: false, runIds: [runId] });
  const keys = ticket.contentKeys.find((run) => run.runId === runId)?.keys ?? [];
  const socket = new WebSocket(new URL(`${ticket.path}?ticket=${ticket.ticket}`, relayUrl));
  try {
    await once(socket, "open");
    const frames: Extract<RelayToViewer, { type: "output" }>[] = [];
    socket.on("message", (data: Buffer) => {
      const message = JSON.parse(data.toString()) as RelayToViewer;
      for (const frame of message.type === "batch" ? message.frames : [message])
        if (frame.type === "output" && frame.data !== "") frames.push(frame);
    });
    socket.send(JSON.stringify({ type: "watchOutput", runId, fromOffset: 0 }));
    let text = "";
    await waitFor(
      async () => {
        for (const { offset, data, isEnd } of frames.splice(0)) {
          const opened = await openContent(data, { runId, place: { kind: "output", offset, isEnd } }, keys);
          if (!opened.ok) throw new Error(opened.error.message);
          text += Buffer.from(opened.value).toString();
        }
        return text.includes(wanted.until);
      },
      { what: () => `the output; there is ${text}` },
    );
    return text;
  } finally {
    socket.close();
  }
}

type Watched = Pick<Awaited<ReturnType<TestClient["run"]>>, "runId" | "serverId">;

it("[W4] a relay that keeps and reads everything finds nothing of environment, input, typing, output and projects, and their reader does", {
  timeout: 120_000,
}, async () => {
  using data = temporaryFolder();
  using elsewhere = temporaryFolder();
  const quarterdeck = await startQuarterdeck({ dataDir: data.path });
  const relayConfig = readFileSync(join(data.path, "run/relay/relay.capnp"), "utf8");
  const relayPort = /address = "127\.0\.0\.1:(\d+)", http = \(\), service/.exec(relayConfig)?.[1];
  const proxy = await startRecordingProxy(`ws://127.0.0.1:${relayPort}`);
  const client = await setUp(quarterdeck);
  const { command } = await client.api.servers.createEnrolment.mutate({});
  const [, token = "", platformKey = ""] = /--token (\S+) --platform-key (\S+)/.exec(command) ?? [];
  const at = ["--data", join(elsewhere.path, "bridge")];
  const enrolment = bridge(["enrol", "--url", quarterdeck.url, "--token", token, "--platform-key", platformKey, ...at]);
  await once(enrolment.child, "exit");
  const daemon = bridge(["run", ...at, "--relay-url", proxy.url, "--consent-no-isolation"]);
  try {
    const server = await waitFor(
      async () => (await client.api.servers.list.query()).find((one) => !one.isThisMachine && one.status === "online"),
      { what: () => `the server to be online; it printed ${enrolment.printed()} ${daemon.printed()}` },
    );
    const { workspaceId } = await client.api.workspaces.create.mutate({ name: "Sealed", serverId: server.serverId });

    const ofProject = await useSecretProject(client, workspaceId);
    const [environment, input, typed] = [makeCanary("environment"), makeCanary("input"), makeCanary("typed")];
    const reversed = [...environment.text].reverse().join("");
    const task = await client.api.tasks.submit.mutate({
      taskId: newTaskId(),
      workspaceId,
      projectId: null,
      action: "exec",
      params: { program: "node", args: ["-e", script] },
      secretInput: { environment: { CANARY: environment.text }, stdin: input.text },
    });
    const typedTask = await client.api.tasks.submit.mutate({
      taskId: newTaskId(),
      workspaceId,
      projectId: null,
      action: "exec",
      params: { program: "node", args: ["-e", echo], input: true },
    });
    await client.waitUntil(typedTask.taskId, ({ state }) => state === "running");
    const typist = await Typist.open(client, proxy.url, typedTask);
    typist.type(typed.text);
    const typedBack = [...typed.text].reverse().join("");
    await waitFor(async () => (await typist.output()) === typedBack || undefined, { what: "the answer to the typing" });
    const line = `${environment.text}|${input.text}|${reversed}\n`;
    expect(await watch(client, proxy.url, { task, until: "\n" })).toBe(line);
    const whileItRuns = filesIn(join(data.path, "relay"));
    // The bridge itself keeps no secret either: it is the program's alone.
    const bridgeFiles = readdirSync(join(elsewhere.path, "bridge"), { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && entry.name !== "output")
      .map((entry) => readFileSync(join(entry.parentPath, entry.name)));
    const commandLines = readdirSync("/proc")
      .filter((name) => /^\d+$/.test(name))
      .map((pid) => readCommandLine(pid));
    typist.type("", true);
    await client.waitUntil(typedTask.taskId, ({ state }) => state === "ended");
    typist.close();
    await client.api.tasks.cancel.mutate({ taskId: task.taskId });
    const ended = await client.waitUntil(task.taskId, ({ state }) => state === "ended");
    expect(await outputOf(ended)).toBe(line);

    const seen = {
      traffic: [Buffer.from(proxy.recorded())],
      "storage while it runs": whileItRuns,
      "storage afterwards": filesIn(join(data.path, "relay")),
      "files of the bridge": bridgeFiles,
      "command lines": commandLines,
      "log of the bridge": [Buffer.from(daemon.printed())],
      "database and logs of the platform": [
        ...readdirSync(data.path)
          .filter((name) => name.startsWith("quarterdeck.db"))
          .map((name) => readFileSync(join(data.path, name))),
        ...filesIn(join(data.path, "logs")),
      ],
    };
    const isFound = (text: string, place: keyof typeof seen) => seen[place].some((bytes) => bytes.includes(text));
    // What is looked through is what was there: what the relay may know is found.
    expect(isFound(task.runId, "traffic") && isFound('"type":"output"', "traffic")).toBe(true);
    expect(isFound(typedTask.runId, "traffic") && isFound('"type":"input"', "traffic")).toBe(true);
    expect(isFound(task.runId, "storage afterwards") && isFound(task.runId, "files of the bridge")).toBe(true);
    expect(isFound(task.runId, "database and logs of the platform")).toBe(true);
    const back = [reversed, typedBack].map((text) => ({ text, isIn: (bytes: Buffer) => bytes.includes(text) }));
    // The project itself is on its server, where git is told names of files, too.
    const { "files of the bridge": _files, "command lines": _lines, ...elsewhereThanThere } = seen;
    for (const [place, buffers] of Object.entries(elsewhereThanThere))
      for (const canary of ofProject)
        expect([place, canary.text, buffers.some((bytes) => canary.isIn(bytes))]).toEqual([place, canary.text, false]);
    for (const [place, buffers] of Object.entries(seen))
      for (const canary of [environment, input, typed, ...back])
        expect([place, canary.text, buffers.some((bytes) => canary.isIn(bytes))]).toEqual([place, canary.text, false]);
  } finally {
    await client.close();
    daemon.child.kill("SIGINT");
    await once(daemon.child, "exit");
    await proxy.close();
    await quarterdeck.stop();
  }
});

it("finds a canary in whatever way it is written", () => {
  const canary = makeCanary("x");
  const bytes = Buffer.from(canary.text);
  for (let before = 0; before < 7; before++) {
    for (const encoding of ["utf8", "hex", "base64", "base64url"] as const) {
      const around = Buffer.concat([Buffer.alloc(before, "a"), bytes, Buffer.from("zzz")]).toString(encoding);
      expect([encoding, before, canary.isIn(around)]).toEqual([encoding, before, true]);
    }
  }
  expect(canary.isIn(makeCanary("x").text)).toBe(false);
});

function readCommandLine(pid: string): Buffer {
  try {
    return readFileSync(`/proc/${pid}/cmdline`);
  } catch {
    return Buffer.alloc(0); // It ended while we looked.
  }
}
