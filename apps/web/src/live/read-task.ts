import type { ActionName } from "@quarterdeck/core/actions/catalogue";
import { errorCodes, type ErrorCode } from "@quarterdeck/core/errors/codes";
import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { ProjectId, ServerId, WorkspaceId } from "@quarterdeck/core/ids";
import { openQuote, openTail } from "@quarterdeck/core/protocol/kept-content";
import { secondMs } from "@quarterdeck/core/units";
import type * as z from "zod";
import { makeTaskId } from "../api/make-task-id.ts";
import { trpcClient } from "../api/trpc.ts";
import type { TaskDetail, TaskView } from "../api/views.ts";
import { viewerConnection } from "./viewer-connections.ts";

const pollMs = secondMs;
const askAgainMs = secondMs / 10;

export interface ReadWish<T> {
  readonly serverId: ServerId;
  readonly workspaceId: WorkspaceId;
  readonly projectId: ProjectId;
  readonly action: ActionName;
  readonly params: TaskView["params"];
  readonly answer: z.ZodType<T>;
  readonly signal: AbortSignal;
}

/**
 * Reads something on a server: submits a read action, takes its output live, and parses it as JSON. Where the live way
 * fails, the platform's record of the task has the same answer.
 *
 * @throws QuarterdeckError when the server is offline or the action failed
 */
export async function readTask<T>(wish: ReadWish<T>): Promise<T> {
  const task = await trpcClient.tasks.submit.mutate({
    taskId: makeTaskId(),
    workspaceId: wish.workspaceId,
    projectId: wish.projectId,
    action: wish.action,
    params: wish.params,
  });
  const stop = new AbortController();
  const signal = AbortSignal.any([stop.signal, wish.signal]);
  try {
    const bytes = await Promise.race([liveOutput(task, signal), recordedOutput(task, signal)]);
    return wish.answer.parse(JSON.parse(new TextDecoder().decode(bytes)));
  } catch (error) {
    // Nobody waits for it any more, so it need not be done.
    if (wish.signal.aborted || isAway(error)) cancelQuietly(task);
    throw error;
  } finally {
    stop.abort();
  }
}

function isAway(error: unknown): boolean {
  return error instanceof QuarterdeckError && (error.code === "SERVER_OFFLINE" || error.code === "RELAY_UNAVAILABLE");
}

function cancelQuietly(task: TaskView): void {
  trpcClient.tasks.cancel.mutate({ taskId: task.taskId }).catch((error: unknown) => {
    console.warn(`the read ${task.taskId} could not be cancelled:`, error);
  });
}

/** Resolves with the whole output; never when the live way does not have it. Rejects when it cannot be opened. */
function liveOutput(task: TaskView, signal: AbortSignal): Promise<Uint8Array> {
  return new Promise((resolve, reject) => {
    let unwatch = () => {};
    let timer: ReturnType<typeof setTimeout> | undefined;
    const watch = () => {
      const pieces: Uint8Array[] = [];
      unwatch = viewerConnection(task.serverId).watchOutput(task.runId, 0, {
        write: (bytes) => void pieces.push(bytes),
        end() {
          // An action that failed has no output; why it failed is in the record.
          if (pieces.length > 0) resolve(joined(pieces));
        },
        unreadable(reason) {
          reject(unreadable(reason));
        },
        gap() {
          // The question overtook the task on its way to the server: ask again in a moment.
          unwatch();
          timer = setTimeout(watch, askAgainMs);
        },
      });
    };
    watch();
    const stop = () => {
      clearTimeout(timer);
      unwatch();
    };
    signal.addEventListener("abort", stop, { once: true });
  });
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  const whole = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let offset = 0;
  for (const piece of pieces) {
    whole.set(piece, offset);
    offset += piece.length;
  }
  return whole;
}

async function recordedOutput({ taskId }: TaskView, signal: AbortSignal): Promise<Uint8Array> {
  for (;;) {
    await delay(pollMs, signal);
    const task = await trpcClient.tasks.get.query({ taskId }, { signal });
    if (task.state === "ended") return outputOf(task);
    if (task.waiting?.reason === "server") throw new QuarterdeckError("SERVER_OFFLINE", task.waiting.message);
    if (task.waiting?.reason === "relay") throw new QuarterdeckError("RELAY_UNAVAILABLE", task.waiting.message);
  }
}

async function outputOf(task: TaskDetail): Promise<Uint8Array> {
  if (task.verdict !== "succeeded") {
    const message = task.message ?? `${task.action} ended as ${task.verdict ?? "unknown"}.`;
    const quote = await openQuote(task);
    const words = quote.ok && quote.value !== null ? ` (${quote.value})` : "";
    throw new QuarterdeckError(knownCode(task.code), message + words);
  }
  const opened = await openTail(task);
  if (!opened.ok) throw unreadable(opened.error.message);
  const tail = opened.value;
  if (tail.length < (task.outputBytes ?? 0)) {
    throw new QuarterdeckError("TOO_LARGE", "The answer is too long for the platform's record of it. Try again.");
  }
  return tail;
}

function unreadable(reason: string): QuarterdeckError {
  return new QuarterdeckError("CONTENT_UNREADABLE", `The server's answer could not be opened: ${reason}`);
}

function knownCode(code: string | null): ErrorCode {
  return code !== null && Object.hasOwn(errorCodes, code) ? (code as ErrorCode) : "INTERNAL";
}

function delay(ms: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(resolve, ms);
    signal.addEventListener(
      "abort",
      () => {
        clearTimeout(timer);
        reject(new DOMException("nobody waits for the answer any more", "AbortError"));
      },
      { once: true },
    );
  });
}
