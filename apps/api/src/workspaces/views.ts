import { idSchema } from "@quarterdeck/core/ids";
import * as z from "zod";
import { motions } from "./frozen.ts";

export const workspaceViewSchema = z.strictObject({
  workspaceId: idSchema("workspace"),
  name: z.string(),
  serverId: idSchema("server"),
  serverName: z.string(),
  projectCount: z.int(),
  /** Whether its processes stand still. */
  motion: z.enum(motions),
  createdAtMs: z.int(),
});
export type WorkspaceView = z.infer<typeof workspaceViewSchema>;
