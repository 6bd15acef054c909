import { idSchema } from "@quarterdeck/core/ids";
import * as z from "zod";

export const workspaceViewSchema = z.strictObject({
  workspaceId: idSchema("workspace"),
  name: z.string(),
  serverId: idSchema("server"),
  serverName: z.string(),
  projectCount: z.int(),
  createdAtMs: z.int(),
});
export type WorkspaceView = z.infer<typeof workspaceViewSchema>;
