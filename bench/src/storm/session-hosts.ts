import { type ChildProcess, fork } from "node:child_process";
import { once } from "node:events";
import { join } from "node:path";
import type { RunId, ServerId } from "@quarterdeck/core/ids";
import type { Identity } from "../../../packages/bridge/src/identity.ts";
import type { FromHost, ToHost } from "./session-host-messages.ts";

const script = join(import.meta.dirname, "session-host.ts");

/** The processes of a storm's sessions, and what they have said. */
export class SessionHosts implements AsyncDisposable {
  /** When each session that is online came online. */
  readonly onlineAtMs = new Map<ServerId, number>();
  /** How often each run was begun. */
  readonly begun = new Map<RunId, number>();
  readonly #children: ChildProcess[] = [];
  readonly #waiters = new Set<() => void>();
  #failure: Error | undefined;

  open(
    identities: readonly Identity[],
    { perProcess, folder }: { readonly perProcess: number; readonly folder: string },
  ): void {
    for (let from = 0; from < identities.length; from += perProcess) {
      const child = fork(script, { stdio: ["ignore", "ignore", "inherit", "ipc"] });
      this.#children.push(child);
      child.on("message", (message: FromHost) => this.#hear(message));
      child.on("exit", (code) => {
        if (code !== 0) this.#failure = new Error(`a process of sessions ended with ${code}`);
        this.#wake();
      });
      const share = identities.slice(from, from + perProcess);
      child.send({ type: "open", identities: share, folder } satisfies ToHost);
    }
  }

  release(): void {
    for (const child of this.#children) child.send({ type: "release" } satisfies ToHost);
  }

  /** Waits until something has been said that makes the condition true. */
  async until(condition: () => boolean): Promise<void> {
    while (!condition()) {
      if (this.#failure) throw this.#failure;
      const { promise, resolve } = Promise.withResolvers<void>();
      this.#waiters.add(resolve);
      await promise;
      this.#waiters.delete(resolve);
    }
  }

  #hear(message: FromHost): void {
    if (message.type === "online") this.onlineAtMs.set(message.serverId, message.atMs);
    else if (message.type === "offline") this.onlineAtMs.delete(message.serverId);
    else this.begun.set(message.runId, (this.begun.get(message.runId) ?? 0) + 1);
    this.#wake();
  }

  #wake(): void {
    for (const waiter of this.#waiters) waiter();
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(
      this.#children.map(async (child) => {
        if (!child.connected) return;
        const ended = once(child, "exit");
        child.send({ type: "close" } satisfies ToHost);
        await ended;
      }),
    );
  }
}
