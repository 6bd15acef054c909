import { Machine } from "./machine.ts";
import { Network } from "./network.ts";
import { Random } from "./random.ts";
import { SimProcess } from "./sim-process.ts";
import { Timeline } from "./timeline.ts";

/** The wall clock at the start of each scenario. */
const beginMs = Date.UTC(2026, 0, 5, 12);

const realSetImmediate = setImmediate;

/** Everything that one scenario has: its time, its randomness, its machines and its network. */
export class World {
  readonly random: Random;
  readonly timeline = new Timeline();
  readonly network: Network;
  readonly machines: Machine[] = [];
  readonly violations: string[] = [];
  readonly #trace: string[] | undefined;
  eventCount = 0;

  constructor(seed: string, options: { isTraced: boolean }) {
    this.random = new Random(seed);
    this.network = new Network(this);
    this.#trace = options.isTraced ? [] : undefined;
  }

  get wallMs(): number {
    return beginMs + this.timeline.nowMs;
  }

  /** What the wall clock said at a time of the timeline. */
  wallOf(timelineMs: number): number {
    return beginMs + timelineMs;
  }

  machine(name: string): Machine {
    const machine = new Machine(this, name);
    this.machines.push(machine);
    return machine;
  }

  process(machine: Machine, name: string): SimProcess {
    return new SimProcess(machine, name);
  }

  trace(what: string, detail = ""): void {
    this.#trace?.push(`${this.timeline.nowMs.toFixed(1).padStart(11)} ${what} ${detail}`);
  }

  get traceLines(): readonly string[] {
    return this.#trace ?? [];
  }

  violate(what: string): void {
    this.violations.push(`at ${Math.round(this.timeline.nowMs)} ms: ${what}`);
    this.trace("VIOLATION", what);
  }

  /** Lets things happen until `untilMs`, or until `isOver` says so. */
  async play(untilMs: number, isOver: () => boolean = () => false): Promise<void> {
    await settle();
    for (let act = this.timeline.next(untilMs); act; act = this.timeline.next(untilMs)) {
      this.eventCount++;
      act();
      await settle();
      if (this.violations.length > 0 || isOver()) return;
    }
  }
}

/** Lets every promise that can go on go on. */
export function settle(): Promise<void> {
  return new Promise((resolve) => realSetImmediate(resolve));
}
