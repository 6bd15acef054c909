import { idSchema } from "@quarterdeck/core/ids";
import type { SignedText } from "@quarterdeck/core/protocol/signing";
import * as z from "zod";

const idsSchema = z.object({
  commandId: idSchema("command"),
  runId: idSchema("run"),
  taskId: idSchema("task"),
  attempt: z.int().min(1).max(1_000_000),
  action: z.string(),
});

/** What a refusal is about. */
export type RefusedIds = z.infer<typeof idsSchema>;

/** The ids that a command claims to be about. Nothing vouches for them: they only name what was refused. */
export function readUnverifiedIds(text: SignedText): RefusedIds | undefined {
  try {
    return idsSchema.safeParse(JSON.parse(text.signed)).data;
  } catch {
    return undefined; // Not JSON: there is no run that the refusal could name.
  }
}
