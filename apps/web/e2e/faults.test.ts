import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { afterAll, afterEach, beforeAll, expect, it } from "vitest";
import type { TaskView } from "./support/client.ts";
import { FaultyPlatform } from "./support/faulty-platform.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";
import { waitFor } from "./support/wait-for.ts";

const folder = temporaryFolder();
let platform: FaultyPlatform;
beforeAll(async () => {
  platform = await FaultyPlatform.start(folder.path);
}, 60_000);
afterEach(async () => {
  for (const proxy of [platform.apiToRelay, platform.relayToApi, platform.bridgeToRelay]) proxy.heal();
  for (const part of ["api", "relay", "bridge"] as const) platform.signal(part, "SIGCONT");
  // A bridge that has been cut off again and again waits longer each time; a new process does not.
  await platform.kill("bridge");
  const said = platform.printed.length;
  await platform.begin("bridge");
  // The platform may not know yet that the one before is gone.
  await waitFor(() => platform.printed.slice(said).includes('"message":"connected"'), {
    what: "the bridge to connect",
  });
  await untilOnline(true);
});
afterAll(async () => {
  await platform.stop();
  folder[Symbol.dispose]();
});

let submitted = 0;

interface Counting {
  readonly task: TaskView;
  /** As many characters as it was started. */
  readonly starts: () => string;
  readonly letEnd: () => void;
}

/** Submits a program that counts its starts on the disk, and lasts a moment, or with `null` until it may end. */
async function submit(lastsMs: number | null = 0): Promise<Counting> {
  const { client, dataDir } = platform;
  const workspaceId = await client.workspaceId();
  const name = `count-${++submitted}`;
  const waiting = `const t = setInterval(() => { if (require("fs").existsSync("${name}-end")) clearInterval(t); }, 20)`;
  const lasting = lastsMs === null ? waiting : `setTimeout(() => {}, ${lastsMs})`;
  const script = `require("fs").appendFileSync("${name}", "x"); ${lasting}`;
  const task = await client.run("node", ["-e", script]);
  const count = join(dataDir, "bridge/workspaces", workspaceId, "scratch", name);
  return {
    task,
    starts: () => (existsSync(count) ? readFileSync(count, "utf8") : ""),
    letEnd: () => writeFileSync(`${count}-end`, ""),
  };
}

/** Waits until they have ended; answers which of them did not end well, were not started once, or are not recorded so. */
async function mistakesOf(runs: readonly Counting[]): Promise<unknown[]> {
  const ends = runs.map(async ({ task, starts }) => {
    const ended = await platform.client.waitUntil(task.taskId, ({ state }) => state === "ended", 40_000);
    const isExact = ended.verdict === "succeeded" && ended.exitCode === 0 && starts() === "x";
    return isExact ? [] : [{ ended, starts: starts() }];
  });
  return (await Promise.all(ends)).flat();
}

async function untilOnline(isOnline: boolean): Promise<void> {
  await waitFor(async () => (await platform.isOnline()) === isOnline, {
    what: () => `the server to be ${isOnline ? "online" : "offline"}; printed: ${platform.printed.slice(-3000)}`,
    timeoutMs: 40_000,
  });
}

it.each(["toServer", "toClient"] as const)(
  "[F5] survives a network that loses everything %s of the bridge's connection",
  { timeout: 90_000 },
  async (direction) => {
    const before = await submit(200);
    platform.bridgeToRelay.set(direction, { isSilent: true });
    const during = await submit();
    await untilOnline(false);
    const whileOffline = await submit();
    platform.bridgeToRelay.heal();
    await untilOnline(true);
    expect(await mistakesOf([before, during, whileOffline])).toEqual([]);
  },
);

it("[F5] survives a network that flaps", { timeout: 90_000 }, async () => {
  const runs = [];
  for (let n = 0; n < 6; n++) {
    runs.push(await submit(50));
    platform.bridgeToRelay.reset();
    if (n % 2 === 0) platform.apiToRelay.reset();
    else platform.relayToApi.reset();
  }
  expect(await mistakesOf(runs)).toEqual([]);
});

it("[F5] survives a network that stalls, is slow, and cuts frames in the middle", { timeout: 90_000 }, async () => {
  const { bridgeToRelay } = platform;
  const runs = [await submit(50)];
  bridgeToRelay.set("toClient", { isStalled: true });
  bridgeToRelay.set("toServer", { isStalled: true });
  runs.push(await submit());
  await waitFor(() => bridgeToRelay.heldBytes > 100, { what: "bytes to be held up" });
  bridgeToRelay.heal();
  expect(await mistakesOf(runs)).toEqual([]);
  bridgeToRelay.set("toServer", { delayMs: 200, bytesPerSecond: 20_000 });
  runs.push(await submit());
  expect(await mistakesOf(runs)).toEqual([]);
  for (const cutAfterBytes of [1, 300, 1500]) {
    bridgeToRelay.set("toServer", { cutAfterBytes });
    runs.push(await submit());
    bridgeToRelay.reset();
    bridgeToRelay.set("toClient", { cutAfterBytes });
    runs.push(await submit());
    bridgeToRelay.heal();
  }
  expect(await mistakesOf(runs)).toEqual([]);
});

it("[F6] takes a bridge back whose old connection is half open", { timeout: 90_000 }, async () => {
  const before = await submit(null);
  await platform.client.waitUntil(before.task.taskId, ({ state }) => state === "running");
  platform.bridgeToRelay.leaveHalfOpen();
  before.letEnd();
  const after = await submit();
  expect(await mistakesOf([before, after])).toEqual([]);
});

it("[F6] serves others while sockets are open that never speak", { timeout: 60_000 }, async () => {
  const ports = [Number(new URL(platform.url).port), platform.bridgeToRelay.port, platform.apiToRelay.port];
  const silent = ports.flatMap((port) => Array.from({ length: 40 }, () => connect(port, "127.0.0.1")));
  for (const socket of silent) socket.on("error", () => socket.destroy());
  expect(await mistakesOf([await submit()])).toEqual([]);
  for (const socket of silent) socket.destroy();
});

it("[F2] repeats what was done and not answered, between API and relay both ways", { timeout: 90_000 }, async () => {
  const runs = [];
  for (const proxy of [platform.apiToRelay, platform.relayToApi]) {
    proxy.reset();
    proxy.set("toClient", { cutAfterBytes: 0 });
    const before = proxy.accepted;
    runs.push(await submit());
    await waitFor(() => proxy.accepted > before + 1, { what: "a second try" });
    proxy.heal();
  }
  expect(await mistakesOf(runs)).toEqual([]);
});

it("[F5] goes on when the bridge was stopped for longer than it may be silent", { timeout: 90_000 }, async () => {
  const before = await submit(300);
  platform.signal("bridge", "SIGSTOP");
  await untilOnline(false);
  const during = await submit();
  platform.signal("bridge", "SIGCONT");
  await untilOnline(true);
  expect(await mistakesOf([before, during, await submit()])).toEqual([]);
});

it("[F5] goes on when the relay was stopped until its bridge gave it up", { timeout: 90_000 }, async () => {
  const before = await submit(300);
  platform.signal("relay", "SIGSTOP");
  const said = platform.printed.length;
  const gaveUp = () => platform.printed.slice(said).includes("the relay does not answer");
  await waitFor(gaveUp, { what: "the bridge to give the relay up" });
  const during = await submit();
  platform.signal("relay", "SIGCONT");
  await untilOnline(true);
  expect(await mistakesOf([before, during, await submit()])).toEqual([]);
});

it("[F5] goes on when the API was stopped while a run ended", { timeout: 60_000 }, async () => {
  const run = await submit(null);
  await platform.client.waitUntil(run.task.taskId, ({ state }) => state === "running");
  platform.signal("api", "SIGSTOP");
  run.letEnd();
  await waitFor(() => existsSync(join(platform.dataDir, "bridge/runs", run.task.runId, "result.json")), {
    what: "the run to end",
  });
  platform.signal("api", "SIGCONT");
  expect(await mistakesOf([run, await submit()])).toEqual([]);
});
