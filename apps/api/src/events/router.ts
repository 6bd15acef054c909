import * as z from "zod";
import { procedure, router } from "../trpc.ts";
import { followChanges } from "./follow-changes.ts";

export const eventsRouter = router({
  changes: procedure({ scope: "org", permission: "events.read", at: "anywhere" })
    .input(z.strictObject({ lastEventId: z.string().max(32).nullish() }).optional())
    .subscription(({ ctx, input, signal }) =>
      followChanges(ctx.runtime, ctx.scope, { lastEventId: input?.lastEventId ?? null, signal }),
    ),
});
