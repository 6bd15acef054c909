import * as z from "zod";
import { procedure, router } from "../trpc.ts";
import { readHistory } from "./service.ts";
import { historySpans, telemetryHistorySchema, telemetryNodeIdSchema } from "./views.ts";

export const telemetryRouter = router({
  history: procedure({ scope: "org", permission: "telemetry.read", at: "nodeId" })
    .input(z.strictObject({ nodeId: telemetryNodeIdSchema, span: z.enum(historySpans) }))
    .output(telemetryHistorySchema)
    .query(({ ctx, input }) => readHistory(ctx.runtime, ctx.scope, input)),
});
