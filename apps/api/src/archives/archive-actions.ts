import type { ActionName } from "@quarterdeck/core/actions/catalogue";

/** What is done with archives, by whose they are. The index of tasks names the same (db/schema.ts). */
export const archiveActions = {
  project: { make: "project.archive", restore: "project.restore", remove: "project.deleteArchive" },
  workspace: { make: "workspace.archive", restore: "workspace.restore", remove: "workspace.deleteArchive" },
} as const satisfies Record<string, Record<string, ActionName>>;

export type ArchiveDeed = keyof (typeof archiveActions)["project"];

const names: readonly string[] = Object.values(archiveActions).flatMap((deeds) => Object.values(deeds));

export function isArchiveAction(action: string): boolean {
  return names.includes(action);
}

export function makesArchive(action: string): boolean {
  return action === archiveActions.project.make || action === archiveActions.workspace.make;
}
