import * as z from "zod";

export const changeKinds = ["server", "workspace", "project", "task", "org"] as const;
export type ChangeKind = (typeof changeKinds)[number];

/** Something changed: fetch it again. `org` says that anything of the org may have changed. */
export const changeViewSchema = z.strictObject({ kind: z.enum(changeKinds), id: z.string(), atMs: z.int() });
export type ChangeView = z.infer<typeof changeViewSchema>;
