import { requireProcess } from "../world/sim-process.ts";

// The module of the bridge that reads the process table, on simulated machines.

export interface RunProcess {
  readonly pid: number;
  readonly isSandbox: boolean;
}

export function bootId(): string {
  return requireProcess().machine.bootId;
}

export function processStartTicks(pid: number): string | undefined {
  return requireProcess().machine.startTicks(pid);
}

export function findRunProcesses(runId: string, session?: number): RunProcess[] {
  return [...requireProcess().machine.programs.values()]
    .filter((program) => program.runId === runId || program.session === session)
    .map(({ pid }) => ({ pid, isSandbox: false }));
}

export function isSandboxProcess(): boolean {
  return false;
}

export function signalProcess(pid: number, signal: string): void {
  requireProcess().machine.signal(pid, signal);
}
