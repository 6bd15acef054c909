import { measureAuditVerification } from "../api-rows/audit-verification.ts";
import { measureParts } from "../measure-parts.ts";

/** The API: what it adds to a bare server, and what it promises. */
export const measure = measureParts({
  "audit-verification": measureAuditVerification,
});
