import { hasCode } from "./has-code.ts";

/** For `catch` of a call about a file: null where there is none. Any other failure goes on. */
export function nullIfMissing(error: unknown): null {
  if (hasCode(error, "ENOENT")) return null;
  throw error;
}
