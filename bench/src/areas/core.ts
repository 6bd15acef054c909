import { measureScheduler } from "../core-rows/scheduler.ts";
import { measureExplain } from "../core-rows/scheduler-explain.ts";
import { measureSchedulerMemory } from "../core-rows/scheduler-memory.ts";
import { measureThousandQueues } from "../core-rows/thousand-queues.ts";
import { measureWorkerBundle } from "../core-rows/worker-bundle.ts";
import { measureGcra } from "../core-rows/gcra.ts";
import { measureLedger } from "../core-rows/ledger.ts";
import { measureParts } from "../measure-parts.ts";

/** The ledger, the scheduler and the rates of core, each beside a named peer in this process, on one core. */
export const measure = measureParts({
  scheduler: measureScheduler,
  "scheduler-memory": measureSchedulerMemory,
  explain: measureExplain,
  queues: measureThousandQueues,
  bundle: measureWorkerBundle,
  ledger: measureLedger,
  gcra: measureGcra,
});
