import type { ErrorCode } from "@quarterdeck/core/errors/codes";
import type { OrgScope } from "../auth/scope.ts";
import type { Runtime } from "../runtime.ts";
import { recordOnceAnHour } from "./once-an-hour.ts";

/** The refusals that may be an attempt at what is not one's own. */
const recorded: ReadonlySet<ErrorCode> = new Set(["FORBIDDEN", "NOT_FOUND", "ADDRESS_REFUSED"]);

/** Records that a caller was refused something. The same again within an hour is one entry. */
export async function recordRefusal(
  runtime: Runtime,
  { orgId, userId, address }: OrgScope,
  { path, code }: { path: string; code: ErrorCode },
): Promise<void> {
  if (!recorded.has(code)) return;
  const entry = {
    orgId,
    actor: userId,
    address,
    action: path,
    subject: null,
    outcome: "refused",
    detail: code,
  } as const;
  await runtime.writer.commit([recordOnceAnHour(runtime, entry)]);
}
