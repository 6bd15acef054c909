import { measureLedger } from "../core-rows/ledger.ts";
import type { MeasureArea } from "../row.ts";

/** What the quota ledger costs. */
export const measure: MeasureArea = () => measureLedger();
