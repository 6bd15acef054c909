import { randomBytes } from "node:crypto";
import {
  chmodSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  watch,
  writeFileSync,
  type FSWatcher,
} from "node:fs";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { idSchema } from "@quarterdeck/core/ids";
import { minuteMs, secondMs } from "@quarterdeck/core/units";
import * as z from "zod";
import type { GroupPath } from "../../drivers/driver.ts";
import { isGone } from "../../drivers/group-files.ts";
import { errorMessage, type Log } from "../../log.ts";
import { EgressLedger } from "./egress-ledger.ts";
import { LineParser, type HostLine } from "./meter-lines.ts";
import { proxyLineSchema } from "./proxy-line.ts";

const pathSchema = z.strictObject({ workspaceId: idSchema("workspace"), projectId: idSchema("project").nullable() });
const socketEnding = ".sock";
const pathEnding = ".json";
/** Of a unix socket, on Linux. */
const longestSocketPath = 107;
/** A proxy starts soon after its place was made; one that has not come by then never will. */
const startMs = 10 * minuteMs;
/** Between its socket's name and its listening lies an instant in which it refuses like one that is gone. */
const listenMs = 10 * secondMs;
const lookAgainMs = 5000;
/** After one that refused, which may be about to listen. */
const refusedMs = 50;

/**
 * The host's end of all proxies on this machine: connects to each, knows from files of its own whose it is, and gives leave by the
 * ledger. After a restart it finds those that go on. Nothing of it keeps a process alive.
 */
export class EgressMeters {
  readonly ledger: EgressLedger;
  readonly #folder: string;
  readonly #log: Pick<Log, "warn">;
  readonly #sockets = new Map<string, Socket>();
  /** Those that answered once. */
  readonly #known = new Set<string>();
  readonly #watcher: FSWatcher;
  readonly #looking: NodeJS.Timeout;
  #timer: NodeJS.Timeout | undefined;
  #isClosed = false;

  constructor(folder: string, log: Pick<Log, "warn">) {
    this.#folder = folder;
    this.#log = log;
    mkdirSync(folder, { recursive: true });
    chmodSync(folder, 0o700);
    this.ledger = new EgressLedger({ say: (name, line) => this.#say(name, line), onChange: () => this.#plan() });
    this.#watcher = watch(folder, () => this.#look()).unref();
    this.#watcher.on("error", (error) => {
      this.#log.warn("new proxies are not noticed at once", { reason: errorMessage(error) });
    });
    this.#looking = setInterval(() => this.#look(), lookAgainMs).unref();
    this.#look();
  }

  /** A place for the proxy of a run. @returns where the proxy is to listen for its host */
  place(path: GroupPath): string {
    const name = randomBytes(9).toString("base64url");
    const socket = join(this.#folder, `${name}${socketEnding}`);
    if (Buffer.byteLength(socket) > longestSocketPath)
      throw new Error(
        `${this.#folder} is too long a path for sockets: give the bridge a data directory with a shorter one`,
      );
    writeFileSync(join(this.#folder, `${name}${pathEnding}`), JSON.stringify(path), { mode: 0o600 });
    return socket;
  }

  /** Lets go of all proxies, which hold themselves to their shares from now on. */
  close(): void {
    this.#isClosed = true;
    this.#watcher.close();
    clearInterval(this.#looking);
    clearTimeout(this.#timer);
    for (const socket of this.#sockets.values()) socket.destroy();
  }

  #look(): void {
    if (this.#isClosed) return;
    let names: string[];
    try {
      names = readdirSync(this.#folder);
    } catch (error) {
      if (isGone(error)) return; // The bridge's data were removed: no proxy is left either.
      throw error;
    }
    const listening = new Set(names.filter((name) => name.endsWith(socketEnding)));
    for (const file of names.filter((each) => each.endsWith(pathEnding))) {
      const name = file.slice(0, -pathEnding.length);
      if (listening.has(`${name}${socketEnding}`)) this.#connect(name);
      else if (this.#isOlder(file, startMs)) this.#forget(name);
    }
  }

  #isOlder(file: string, ageMs: number): boolean {
    const made = statSync(join(this.#folder, file), { throwIfNoEntry: false });
    return made === undefined || Date.now() - made.mtimeMs > ageMs;
  }

  #connect(name: string): void {
    if (this.#sockets.has(name)) return;
    const path = this.#readPath(name);
    if (path === null) return this.#forget(name);
    const socket = connect(join(this.#folder, `${name}${socketEnding}`));
    this.#sockets.set(name, socket);
    let waitMs = 0;
    const lines = new LineParser((line) => proxyLineSchema.parse(line));
    socket.unref().setEncoding("utf8");
    let hasConnected = this.#known.has(name);
    socket.once("connect", () => {
      hasConnected = true;
      this.#known.add(name);
      this.ledger.join(name, path);
    });
    socket.on("data", (text: string) => {
      try {
        for (const line of lines.read(text)) this.ledger.hear(name, line, performance.now());
      } catch (error) {
        this.#log.warn("a proxy said what no proxy says", { reason: errorMessage(error) });
        waitMs = lookAgainMs;
        socket.destroy();
      }
    });
    socket.on("error", (error: NodeJS.ErrnoException) => {
      // Nobody listens any more: its run is over. What else is wrong may be over the next time.
      const isRefused = error.code === "ECONNREFUSED" || error.code === "ENOENT";
      if (!hasConnected) waitMs = isRefused ? refusedMs : lookAgainMs;
      if (isRefused && (hasConnected || this.#isOlder(`${name}${pathEnding}`, listenMs))) this.#forget(name);
    });
    socket.once("close", () => {
      this.#sockets.delete(name);
      this.ledger.leave(name);
      // Either it is gone, and refuses, or it goes on, and answers.
      setTimeout(() => this.#look(), waitMs).unref();
    });
    return undefined;
  }

  #readPath(name: string): GroupPath | null {
    try {
      return pathSchema.parse(JSON.parse(readFileSync(join(this.#folder, `${name}${pathEnding}`), "utf8")));
    } catch (error) {
      this.#log.warn("nobody knows whose a proxy is, so it gets nothing", { name, reason: errorMessage(error) });
      return null;
    }
  }

  #forget(name: string): void {
    this.#known.delete(name);
    this.ledger.forget(name);
    for (const ending of [socketEnding, pathEnding]) rmSync(join(this.#folder, `${name}${ending}`), { force: true });
  }

  #say(name: string, line: HostLine): void {
    this.#sockets.get(name)?.write(`${JSON.stringify(line)}\n`);
  }

  /** Leave is given as soon as there is room. */
  #plan(): void {
    clearTimeout(this.#timer);
    if (this.#isClosed) return;
    const waitMs = this.ledger.grant(performance.now());
    if (waitMs === Number.POSITIVE_INFINITY) return;
    this.#timer = setTimeout(() => this.#plan(), Math.max(1, waitMs)).unref();
  }
}
