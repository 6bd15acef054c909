import { EventEmitter } from "node:events";
import type { Identity } from "../../../packages/bridge/src/identity.ts";
import type { Log } from "../../../packages/bridge/src/log.ts";
import type { RunRequest } from "../../../packages/bridge/src/wrapper/run-requests.ts";
import { setSpawner } from "../substitutes/child-process.ts";
import { plantFile } from "../substitutes/fs.ts";
import { OutputPipes, type Pipe } from "../substitutes/output-pipe.ts";
import type { Machine } from "../world/machine.ts";
import { ProcessKilled, requireProcess, SimProcess } from "../world/sim-process.ts";
import type { ShippedBridge } from "./shipped-bridge.ts";
import { RunningProgram } from "./server-programs.ts";
import type { ProgramPlan, Truth, WrapperStint } from "./truth.ts";

const dataPath = "/var/lib/quarterdeck-bridge";
const restartMs = 1000;

interface HostOptions {
  readonly machine: Machine;
  readonly shipped: ShippedBridge;
  readonly identity: Identity;
  readonly truth: Truth;
  readonly maxRuns: number;
}

/** A user's server: its machine, the bridge that the service manager keeps running there, wrappers and programs. */
export class ServerHost {
  readonly machine: Machine;
  readonly #options: HostOptions;
  #bridge: SimProcess | undefined;
  readonly #wrappers = new Set<SimProcess>();
  /** The service manager does not start it again while this is set. */
  isHeldDown = false;
  restarts = 0;
  /** When its bridge was started last. */
  startedAtMs = 0;

  constructor(options: HostOptions) {
    this.#options = options;
    this.machine = options.machine;
    const { root } = this.machine.disk;
    plantFile(root, `${dataPath}/identity.json`, JSON.stringify(options.identity));
    plantFile(root, "/usr/bin/node", "");
    plantFile(root, `${dataPath}/runs/.keep`, "");
    plantFile(root, `${dataPath}/workspaces/.keep`, "");
    plantFile(root, "/proc/sys/kernel/random/boot_id", "");
    setSpawner(this.machine, {
      wrapper: () => this.#startWrapper(),
      program: (call) => this.#startProgram(call),
    });
  }

  get bridge(): SimProcess | undefined {
    return this.#bridge?.isAlive ? this.#bridge : undefined;
  }

  get wrappers(): readonly SimProcess[] {
    return [...this.#wrappers].filter((wrapper) => wrapper.isAlive);
  }

  /** A folder that a project's files would be in. */
  makeProject(workspaceId: string, projectId: string): void {
    const path = `${dataPath}/workspaces/${workspaceId}`;
    for (const folder of ["home", "scratch", `projects/${projectId}`])
      plantFile(this.machine.disk.root, `${path}/${folder}/.keep`, "");
  }

  /** The bytes of a run's output file, if there is one. */
  outputOf(runId: string): Buffer | undefined {
    const node = this.machine.disk.find(`${dataPath}/runs/${runId}/output`);
    return node?.kind === "file" ? node.bytes : undefined;
  }

  /** What its readings take that the relay does not have. */
  get spoolBytes(): number {
    const spool = this.machine.disk.find(`${dataPath}/spool`);
    if (spool?.kind !== "directory") return 0;
    return [...spool.entries.values()].reduce((sum, node) => sum + (node.kind === "file" ? node.bytes.length : 0), 0);
  }

  /** The lines of its spool. */
  get spoolLines(): string[] {
    const spool = this.machine.disk.find(`${dataPath}/spool`);
    if (spool?.kind !== "directory") return [];
    return [...spool.entries.values()].flatMap((node) =>
      node.kind === "file" ? node.bytes.toString("utf8").split("\n").slice(0, -1) : [],
    );
  }

  start(): void {
    if (this.isHeldDown || this.bridge) return;
    const { machine, shipped, identity } = this.#options;
    const { world } = machine;
    const process = new SimProcess(machine, `bridge ${machine.name}`);
    this.#bridge = process;
    this.restarts++;
    this.startedAtMs = world.timeline.nowMs;
    const bootNumber = machine.bootNumber;
    process.onEnd(() => {
      world.timeline.after(restartMs, () => {
        if (machine.bootNumber === bootNumber) this.start();
      });
    });
    const onFatal = (error: unknown) => {
      if (!(error instanceof ProcessKilled)) world.trace("bridge fatal", `${machine.name} ${String(error)}`);
      process.kill();
    };
    const log = (level: string) => (message: string, fields?: object) =>
      world.trace(`${machine.name} ${level}`, `${message} ${fields ? JSON.stringify(fields) : ""}`);
    const started = process.run(() =>
      shipped.startDaemon({
        data: shipped.DataDirectory.open(dataPath),
        identity,
        log: { info: log("info"), warn: log("warn"), error: log("error") } satisfies Log,
        wrapperScript: "/usr/lib/quarterdeck/wrapper.ts",
        path: "/usr/bin",
        bubblewrap: undefined,
        ownNetworks: false,
        hidden: [],
        lifeline: null,
        hasConsent: true,
        driver: "process",
        policy: { path: "/etc/quarterdeck/policy.toml", isRequired: false },
        launcher: null,
        onSwitched: () => undefined,
        onStatus: () => undefined,
        onFatal,
      }),
    );
    started?.catch(onFatal);
  }

  /** The machine comes up again after a reboot. */
  boot(): void {
    this.#wrappers.clear();
    this.start();
  }

  /** What `wrapper.ts` does: waits for the paths of runs, and runs one after the other. */
  #startWrapper(): EventEmitter {
    const bridge = requireProcess();
    const { machine, shipped, truth } = this.#options;
    const wrapper = new SimProcess(machine, `wrapper ${machine.name}`);
    this.#wrappers.add(wrapper);
    const requests: RunRequest[] = [];
    let isBusy = false;
    let stint: WrapperStint | undefined;
    let hasEnded = false;
    const stdout = Object.assign(new EventEmitter(), { setEncoding: () => stdout, unref: () => undefined });
    const next = async (): Promise<void> => {
      const request = requests.shift();
      if (request === undefined) {
        if (hasEnded) wrapper.kill();
        return;
      }
      isBusy = true;
      const run = new shipped.RunDirectory(request.path);
      const spec = { ...shipped.readSpec(run), secretInput: request.secretInput };
      stint = truth.wrapping(spec.runId);
      const hasRun = await shipped.runProgram(run, spec, new OutputPipes().take() as never);
      truth.wrapped(stint, hasRun ? "ran" : "keptOff");
      isBusy = false;
      bridge.after(1, () => stdout.emit("data", "ended\n"));
      return next();
    };
    const go = () => {
      if (isBusy) return;
      next().catch((error: unknown) => {
        if (error instanceof ProcessKilled) return;
        machine.world.trace("wrapper failed", String((error as Error).stack));
        truth.wrapped(stint, machine.disk.isAiling ? "failedByDisk" : "failed");
        wrapper.kill();
      });
    };
    const stdin = Object.assign(new EventEmitter(), {
      write: (line: string) =>
        wrapper.after(this.#startDelayMs(), () => (requests.push(JSON.parse(line) as RunRequest), go())),
      end: () => wrapper.after(1, () => ((hasEnded = true), go())),
      unref: () => undefined,
    });
    const child = Object.assign(new EventEmitter(), {
      pid: wrapper.pid,
      stdin,
      stdout,
      unref: () => undefined,
      kill: (signal: string) => wrapper.signal(signal),
    });
    wrapper.onEnd(() => {
      truth.wrapped(stint, wrapper.diedOfSignal ? "killedByBridge" : "killedByScenario");
      bridge.after(1, () => child.emit("exit", null, "SIGKILL"));
    });
    // With the bridge its end of the pipe is gone: no further run will come.
    bridge.onEnd(() => wrapper.after(1, () => ((hasEnded = true), go())));
    return child;
  }

  /** How long a wrapper takes to begin; on a busy machine long. */
  #startDelayMs(): number {
    const { random } = this.machine.world;
    return random.chance(0.05) ? random.between(50, 3000) : random.between(1, 20);
  }

  #startProgram({ args, runId, output }: { args: readonly string[]; runId: string; output: Pipe }): EventEmitter {
    const wrapper = requireProcess();
    const { machine, truth, maxRuns } = this.#options;
    const [, text = "{}"] = args;
    const { orgId, orderKey, plan } = JSON.parse(text) as { orgId: string; orderKey: string; plan: ProgramPlan };
    const program = new RunningProgram(machine, { runId, orgId, orderKey, plan, output }, { truth, maxRuns });
    const child = new EventEmitter();
    program.child.on("exit", (...how: unknown[]) => wrapper.after(1, () => child.emit("exit", ...how)));
    return Object.assign(child, { pid: program.pid });
  }
}
