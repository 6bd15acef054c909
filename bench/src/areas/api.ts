import { measureAuditVerification } from "../api-rows/audit-verification.ts";
import { measureLists } from "../api-rows/lists.ts";
import { measureMutation } from "../api-rows/mutation.ts";
import { measureProcess } from "../api-rows/process.ts";
import { measureRead } from "../api-rows/read.ts";
import { measureParts } from "../measure-parts.ts";

/** What the API costs: its process on one core beside a bare one that checks nothing, the load on the other. */
export const measure = measureParts({
  read: measureRead,
  mutation: measureMutation,
  lists: measureLists,
  "audit-verification": measureAuditVerification,
  process: measureProcess,
});
