import { spawn } from "node:child_process";
import { DatabaseSync } from "node:sqlite";

/** A program to run: no shell, an argument vector. */
export interface Job {
  readonly program: string;
  readonly args: readonly string[];
}

export interface JobTimes {
  /** From the submission to the first byte of output; `null` when there was none. */
  readonly firstOutputMs: number | null;
  /** From the submission to the durable result. */
  readonly resultMs: number;
}

/**
 * The peer: what somebody would write who needs no relay, no signatures and no second machine. A durable queue in SQLite
 * (WAL, synchronous FULL) in this process, which spawns the program itself and records each step.
 */
export class LocalQueue {
  readonly #database: DatabaseSync;
  readonly #concurrency: number;
  readonly #waiting: (() => void)[] = [];
  #running = 0;

  constructor(path: string, concurrency: number) {
    this.#concurrency = concurrency;
    this.#database = new DatabaseSync(path);
    this.#database.exec(`PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;
      CREATE TABLE job (id INTEGER PRIMARY KEY, program TEXT, args TEXT, state TEXT, exit_code INTEGER)`);
  }

  async run(job: Job): Promise<JobTimes> {
    const submittedAt = performance.now();
    const insert = this.#database.prepare("INSERT INTO job (program, args, state) VALUES (?, ?, 'queued')");
    const id = insert.run(job.program, JSON.stringify(job.args)).lastInsertRowid;
    await this.#turn();
    this.#database.prepare("UPDATE job SET state = 'running' WHERE id = ?").run(id);
    const child = spawn(job.program, job.args, { stdio: ["ignore", "pipe", "ignore"] });
    let firstOutputMs: number | null = null;
    child.stdout.on("data", () => (firstOutputMs ??= performance.now() - submittedAt));
    const exitCode = await new Promise<number | null>((resolve, reject) => {
      child.once("error", reject);
      child.once("close", resolve);
    });
    this.#database.prepare("UPDATE job SET state = 'ended', exit_code = ? WHERE id = ?").run(exitCode, id);
    this.#running--;
    this.#waiting.shift()?.();
    return { firstOutputMs, resultMs: performance.now() - submittedAt };
  }

  close(): void {
    this.#database.close();
  }

  async #turn(): Promise<void> {
    if (this.#running >= this.#concurrency) await new Promise<void>((resolve) => this.#waiting.push(resolve));
    this.#running++;
  }
}
