import { measureScheduler } from "../core-rows/scheduler.ts";
import { measureSchedulerMemory } from "../core-rows/scheduler-memory.ts";
import { measureThousandQueues } from "../core-rows/thousand-queues.ts";
import { measureWorkerBundle } from "../core-rows/worker-bundle.ts";
import { measureGcra } from "../core-rows/gcra.ts";
import { measureLedger } from "../core-rows/ledger.ts";
import { cores, pinThisProcess } from "../rig/cpu-cores.ts";
import type { MeasureArea, Row } from "../row.ts";
import { table } from "../table.ts";

const parts: Readonly<Record<string, () => Promise<Row[]>>> = {
  scheduler: measureScheduler,
  "scheduler-memory": measureSchedulerMemory,
  queues: measureThousandQueues,
  bundle: measureWorkerBundle,
  ledger: measureLedger,
  gcra: measureGcra,
};

/** The ledger, the scheduler and the rates of core, each beside a named peer in this process, on one core. */
export const measure: MeasureArea = async (only) => {
  pinThisProcess(cores.load);
  const rows: Row[] = [];
  for (const [name, measurePart] of Object.entries(parts)) {
    if (only.length > 0 && !only.includes(name)) continue;
    console.error(`measuring ${name}…`);
    const measured = await measurePart();
    console.error(table(measured));
    rows.push(...measured);
  }
  return rows;
};
