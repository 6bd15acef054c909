import { readFileSync } from "node:fs";
import { extname, join } from "node:path";

/**
 * The arguments with which Node runs a file of this folder as a program in the sandbox, and one call of what it exports. Bundled
 * beside the bundle, and source beside the source; it goes along as an argument, so the sandbox need not show it.
 */
export function ownProgram(name: "list-directory" | "pack-workspace" | "unpack-archive", call: string): string[] {
  const extension = extname(import.meta.filename);
  const source = readFileSync(join(import.meta.dirname, `${name}${extension}`), "utf8");
  const type = extension === ".ts" ? "module-typescript" : "module";
  return [`--input-type=${type}`, "--disable-warning=ExperimentalWarning", "--eval", `${source}\n${call}\n`];
}
