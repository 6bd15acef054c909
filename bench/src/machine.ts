import { cpus, release, totalmem } from "node:os";

/** Where the figures were measured; they mean nothing elsewhere. */
export function machine() {
  const processors = cpus();
  return {
    cpu: processors[0]?.model ?? "unknown",
    cores: processors.length,
    memoryBytes: totalmem(),
    kernel: release(),
    node: process.versions.node,
  };
}
