import type { Refusal } from "@quarterdeck/core/errors/result";
import { isDiskFull } from "../disk/disk-full.ts";
import { HostRefused } from "../host/host-refused.ts";
import { errorMessage, type Log } from "../log.ts";

/** What a daemon is told when the helper did not do something. What went wrong inside stays in the helper's log. */
export function explainHostError(error: unknown, about: Readonly<Record<string, string>>, log: Log): Refusal {
  if (error instanceof HostRefused) {
    log.warn("the helper refuses", { ...about, code: error.refusal.code, reason: error.refusal.message });
    return error.refusal;
  }
  log.error("the helper failed", { ...about, reason: errorMessage(error) });
  if (isDiskFull(error)) return { code: "DISK_FULL", message: "The disk of the server is full." };
  return { code: "INTERNAL", message: "The helper could not do it; its log says why." };
}
