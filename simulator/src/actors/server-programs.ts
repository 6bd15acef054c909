import { EventEmitter } from "node:events";
import type { Pipe } from "../substitutes/output-pipe.ts";
import type { Machine, Program } from "../world/machine.ts";
import { outputLine, type Killer, type ProgramPlan, type ProgramStart, type Truth } from "./truth.ts";

export interface ProgramCall {
  readonly runId: string;
  readonly orgId: string;
  readonly orderKey: string;
  readonly plan: ProgramPlan;
  readonly output: Pipe;
}

/** A program of a run: writes its lines, ends with its code, and dies of signals. */
export class RunningProgram implements Program {
  readonly pid: number;
  readonly session: number;
  readonly runId: string;
  readonly startTicks: string;
  readonly child = new EventEmitter();
  readonly #machine: Machine;
  readonly #start: ProgramStart;
  readonly #output: Pipe;

  constructor(machine: Machine, call: ProgramCall, { truth, maxRuns }: { truth: Truth; maxRuns: number }) {
    this.#machine = machine;
    this.pid = this.session = machine.takeProgramPid();
    Object.assign(this.child, { pid: this.pid });
    this.runId = call.runId;
    this.startTicks = String(machine.world.timeline.nowMs);
    this.#output = call.output;
    this.#start = {
      runId: call.runId,
      machine: machine.name,
      orderKey: call.orderKey,
      startedAtMs: machine.world.timeline.nowMs,
      endedAtMs: null,
      exitCode: null,
      killedBy: null,
    };
    truth.started(this.#start, { isOnce: true, maxRuns });
    machine.programs.set(this.pid, this);
    this.#live(call);
  }

  signal(signal: string, by: Killer): void {
    if (this.#start.endedAtMs !== null) return;
    this.#start.killedBy = by;
    this.#end(null, signal);
  }

  #live({ orgId, runId, plan, output }: ProgramCall): void {
    const { timeline } = this.#machine.world;
    for (let line = 0; line < plan.lines; line++) {
      timeline.after(((line + 1) * plan.durationMs) / (plan.lines + 1), () => {
        if (this.#start.endedAtMs === null)
          output.write(Buffer.from(outputLine({ orgId, runId }, line, plan.lineBytes)));
      });
    }
    timeline.after(plan.durationMs, () => {
      if (this.#start.endedAtMs === null) this.#end(plan.exitCode, null);
    });
  }

  #end(exitCode: number | null, signal: string | null): void {
    const { world, programs } = this.#machine;
    this.#start.endedAtMs = world.timeline.nowMs;
    this.#start.exitCode = exitCode;
    programs.delete(this.pid);
    this.#output.end();
    world.trace("program ended", `${this.runId} ${exitCode ?? signal}`);
    this.child.emit("exit", exitCode, signal);
  }
}
