import { Worker } from "node:worker_threads";
import { secondMs } from "@quarterdeck/core/units";

export interface StrengthQuestion {
  readonly id: number;
  readonly password: string;
  /** What an attacker tries first for this account. */
  readonly ownWords: readonly string[];
}

export interface StrengthAnswer {
  readonly id: number;
  /** The power of ten of how many guesses it takes. */
  readonly guessesLog10: number;
  /** In words, where the estimator knows. */
  readonly why: string | null;
}

const idleMs = 30 * secondMs;
/** An estimate of more takes long, and what is as long needs none. */
const mostCharacters = 128;

interface Waiting {
  readonly resolve: (answer: StrengthAnswer) => void;
  readonly reject: (error: unknown) => void;
}

/** The dictionaries take a hundred megabytes and an estimate a tenth of a second: both are only there while they are needed. */
let worker: Worker | null = null;
let idle: NodeJS.Timeout | null = null;
let lastId = 0;
const waiting = new Map<number, Waiting>();

export function estimateStrength(password: string, ownWords: readonly string[]): Promise<StrengthAnswer> {
  if (idle !== null) clearTimeout(idle);
  const thread = (worker ??= startWorker());
  const id = ++lastId;
  return new Promise((resolve, reject) => {
    waiting.set(id, { resolve, reject });
    thread.postMessage({ id, password: password.slice(0, mostCharacters), ownWords } satisfies StrengthQuestion);
  });
}

function startWorker(): Worker {
  const started = new Worker(new URL("./strength-worker.ts", import.meta.url));
  started.unref();
  started.on("message", (answer: StrengthAnswer) => {
    waiting.get(answer.id)?.resolve(answer);
    waiting.delete(answer.id);
    if (waiting.size === 0) endWhenIdle(started);
  });
  started.on("error", (error) => {
    worker = null;
    for (const { reject } of waiting.values()) reject(error);
    waiting.clear();
  });
  return started;
}

function endWhenIdle(thread: Worker): void {
  idle = setTimeout(() => {
    worker = null;
    void thread.terminate();
  }, idleMs);
  idle.unref();
}
