import type { Sample } from "@quarterdeck/core/protocol/telemetry";

/** A reading of a server with four cores and 16 GiB. */
export function readSampleOf(atMs: number): Sample {
  const minutes = atMs / 60_000;
  return {
    atMs,
    cpu: Math.round(1500 + 900 * Math.sin(minutes)),
    cpuCapacity: 4000,
    memoryUsed: 6_442_450_944 + (atMs % 8192) * 4096,
    memoryTotal: 16_777_216_000,
    diskUsed: 51_539_607_552 + (atMs % 1024) * 4096,
    diskTotal: 107_374_182_400,
    networkReceived: 81_234_567_890 + (atMs % 1_000_000) * 1500,
    networkSent: 12_345_678_901 + (atMs % 1_000_000) * 700,
    load1: 0.42,
    runs: 3,
  };
}
