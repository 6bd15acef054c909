export * from "node:os";

export function availableParallelism(): number {
  return 2;
}

export function hostname(): string {
  return "simulated";
}

export function arch(): string {
  return "x64";
}

export function release(): string {
  return "6.1";
}
