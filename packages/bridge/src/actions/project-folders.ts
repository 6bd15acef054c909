import { existsSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { idSchema, type ProjectId } from "@quarterdeck/core/ids";
import { isPlainDirectory } from "./plain-directory.ts";

/** The projects that have a directory in a folder, in the order of their ids. */
export function projectFolders(folder: string): ProjectId[] {
  if (!existsSync(folder)) return [];
  return readdirSync(folder)
    .toSorted()
    .flatMap((name) => {
      const parsed = idSchema("project").safeParse(name);
      return parsed.success && isPlainDirectory(join(folder, name)) ? [parsed.data] : [];
    });
}
