import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as delay } from "node:timers/promises";
import { Queue, Worker } from "bullmq";
import { Redis } from "ioredis";
import { cores, pinned } from "../rig/cpu-cores.ts";
import { findFreePort } from "../../../apps/api/src/embedded/free-port.ts";

/** BullMQ on a Redis that writes each change to the disk before it answers, on the server's core; the action does nothing. */
export class RedisQueue implements AsyncDisposable {
  ended = 0;
  readonly #queue: Queue;
  readonly #worker: Worker;
  readonly #redis: ChildProcess;
  readonly #folder: string;
  readonly #connections: readonly Redis[];

  private constructor(redis: ChildProcess, port: number, options: { concurrency: number; folder: string }) {
    this.#connections = [0, 1].map(() => new Redis({ host: "127.0.0.1", port, maxRetriesPerRequest: null }));
    const [forQueue, forWorker] = this.#connections as [Redis, Redis];
    this.#redis = redis;
    this.#folder = options.folder;
    this.#queue = new Queue("bench", { connection: forQueue });
    this.#worker = new Worker("bench", async () => "", { connection: forWorker, concurrency: options.concurrency });
    this.#worker.on("completed", () => this.ended++);
  }

  static async start(concurrency: number): Promise<RedisQueue> {
    const folder = mkdtempSync(join(tmpdir(), "quarterdeck-bench-redis-"));
    const port = await findFreePort();
    const settings = ["--bind", "127.0.0.1", "--port", String(port), "--dir", folder, "--save", ""];
    const durable = ["--appendonly", "yes", "--appendfsync", "always", "--logfile", join(folder, "redis.log")];
    const [command = "", ...args] = pinned(cores.server, ["redis-server", ...settings, ...durable]);
    const redis = spawn(command, args, { stdio: "ignore" });
    while (!(await listens(port))) {
      if (redis.exitCode !== null)
        throw new Error(
          "redis-server did not start. Install it: sudo apt-get install -y --no-install-recommends redis-server",
        );
      await delay(20);
    }
    const queue = new RedisQueue(redis, port, { concurrency, folder });
    await queue.#worker.waitUntilReady();
    return queue;
  }

  /** Resolves when the queue has it durably. */
  async add(): Promise<void> {
    await this.#queue.add("exec", { program: "true", args: [] });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#worker.close();
    await this.#queue.close();
    for (const connection of this.#connections) connection.disconnect();
    const ended = once(this.#redis, "exit");
    this.#redis.kill("SIGKILL");
    await ended;
    rmSync(this.#folder, { recursive: true, force: true });
  }
}

function listens(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, "127.0.0.1");
    socket.once("connect", () => resolve(true)).once("error", () => resolve(false));
    socket.once("connect", () => socket.destroy());
  });
}
