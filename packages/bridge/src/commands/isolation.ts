import { realpathSync } from "node:fs";
import type { DataDirectory } from "../data-directory.ts";
import { openSandbox } from "../sandbox/open-sandbox.ts";
import { searchPath } from "../drivers/search-path.ts";
import type { Environment } from "../env.ts";
import type { OptionValues } from "./options.ts";

/** `isolation`: one line of JSON that says whether runs would be kept from the bridge's files, found out by trying. */
export async function isolationCommand(
  { values, environment, data }: { values: OptionValues; environment: Environment; data: DataDirectory },
  say: (line: string) => void,
): Promise<number> {
  const { isolation, reason } = await openSandbox({
    data,
    hidden: (values.hide ?? []).map((folder) => realpathSync(folder)),
    folders: searchPath(environment.path),
    bubblewrap: environment.bubblewrap,
    hasConsent: false,
  });
  say(JSON.stringify({ isHidden: isolation === "hidden", reason }));
  return 0;
}
