import type { Refusal } from "@quarterdeck/core/errors/result";

/** What a peer is told when the relay failed: whether it was full, and nothing of the inside. */
export function describeFailure(error: unknown): Refusal {
  if (error instanceof Error && error.message.includes("SQLITE_FULL")) {
    return {
      code: "DISK_FULL",
      message: "The relay has no room to store anything. Nothing was taken; try again later.",
    };
  }
  return { code: "INTERNAL", message: "The relay failed. Try again." };
}
