import { readTar } from "../../../packages/bridge/src/update/read-tar.ts";
import { mustHold, type FuzzTarget } from "../fuzz-target.ts";

const folder = "package/";

function read(text: string): ReturnType<typeof readTar> | undefined {
  const archive = Buffer.from(text, "latin1");
  try {
    const files = readTar(archive);
    const bytes = files.reduce((sum, { content }) => sum + content.length, 0);
    mustHold(bytes <= archive.length, "an archive gave more than it is");
    return files;
  } catch (error) {
    mustHold(error instanceof Error && error.constructor === Error, `an archive is refused with ${String(error)}`);
    return undefined;
  }
}

/** The package of a new bridge: every file that it holds is below its folder and there once. */
export const archive: FuzzTarget = {
  name: "archive",
  grammar: "text",
  shapes: [{ name: "archive", isOne: (text) => (read(text)?.length ?? 0) > 0 }],
  check(text) {
    const names = (read(text) ?? []).map(({ name }) => name);
    mustHold(new Set(names).size === names.length, "an archive holds a file twice");
    for (const name of names) {
      const isInside = name.startsWith(folder) && !name.split("/").some((part) => part === ".." || part === "");
      mustHold(isInside, `an archive writes to ${name}`);
    }
  },
};
