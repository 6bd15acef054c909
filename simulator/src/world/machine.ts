import { Disk } from "./disk.ts";
import type { SimProcess } from "./sim-process.ts";
import type { World } from "./world.ts";

/** A program that a run started: nothing of ours, it only writes and ends. */
export interface Program {
  readonly pid: number;
  readonly session: number;
  readonly runId: string;
  readonly startTicks: string;
  signal(signal: string, by: "scenario" | "bridge"): void;
}

/** One computer: a disk, a clock that may be wrong, and processes, all of which end when it reboots. */
export class Machine {
  readonly world: World;
  readonly name: string;
  readonly disk: Disk;
  /** How far its wall clock is off. */
  clockOffsetMs = 0;
  bootNumber = 1;
  /** When it did so last. */
  lostPowerAtMs = Number.NEGATIVE_INFINITY;
  memoryKb = 4 * 1024 * 1024;
  isUp = true;
  readonly programs = new Map<number, Program>();
  readonly #processes = new Map<number, SimProcess>();
  #nextPid = 100;

  constructor(world: World, name: string) {
    this.world = world;
    this.name = name;
    this.disk = new Disk(world.random);
  }

  get bootId(): string {
    return `boot-${this.name}-${this.bootNumber}`;
  }

  get wallMs(): number {
    return this.world.wallMs + this.clockOffsetMs;
  }

  takePid(process: SimProcess): number {
    const pid = this.#nextPid++;
    this.#processes.set(pid, process);
    return pid;
  }

  takeProgramPid(): number {
    return this.#nextPid++;
  }

  forget(process: SimProcess): void {
    this.#processes.delete(process.pid);
  }

  /** When a living process or program started; `undefined` when there is none of this id. */
  startTicks(pid: number): string | undefined {
    return this.#processes.get(pid)?.startTicks ?? this.programs.get(pid)?.startTicks;
  }

  /** A process of this machine sends a signal. */
  signal(pid: number, signal: string): void {
    this.#processes.get(pid)?.signal(signal);
    this.programs.get(pid)?.signal(signal, "bridge");
  }

  /** Everything on it ends at once. With a power loss, what was not synchronized to the disk may be gone. */
  reboot({ losesPower }: { losesPower: boolean }): void {
    for (const process of this.#processes.values()) process.kill();
    for (const program of this.programs.values()) program.signal("SIGKILL", "scenario");
    this.bootNumber++;
    this.#nextPid = 100 + this.bootNumber;
    if (losesPower) {
      this.disk.losePower();
      this.lostPowerAtMs = this.world.timeline.nowMs;
    }
    this.world.trace("rebooted", `${this.name}${losesPower ? " after a power loss" : ""}`);
  }

  /** The scenario is over. */
  shutDown(): void {
    for (const process of this.#processes.values()) process.kill();
  }
}
