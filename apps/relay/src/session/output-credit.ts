import { accept, refuse, type Result } from "@quarterdeck/core/errors/result";
import { limits } from "@quarterdeck/core/protocol/limits";

/**
 * Takes the credit for a piece of output and gives it back once half is used.
 *
 * @param available what the bridge may still send, in bytes
 * @returns the new `available`, and how much to give back (0: nothing to say)
 */
export function spendCredit(available: number, bytes: number): Result<{ available: number; refill: number }> {
  if (bytes > available) return refuse("PROTOCOL_VIOLATION", "The bridge sent more output than it had credit for.");
  const left = available - bytes;
  if (left > limits.outputCreditBytes / 2) return accept({ available: left, refill: 0 });
  return accept({ available: limits.outputCreditBytes, refill: limits.outputCreditBytes - left });
}
