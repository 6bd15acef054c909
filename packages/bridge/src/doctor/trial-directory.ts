import { mkdtempSync, rmSync, statSync } from "node:fs";
import { DataDirectory } from "../data-directory.ts";

interface TrialDirectory extends Disposable {
  readonly data: DataDirectory;
}

/**
 * Where the sandbox is tried out: the bridge's own directory, or, for a doctor who is root where the bridge is not, one that is
 * removed again. Root makes nothing in a directory of somebody else, who could not use it and may have put links there.
 */
export function trialDirectory(data: DataDirectory): TrialDirectory {
  const uid = process.getuid?.();
  if (uid !== 0 || statSync(data.path).uid === uid) return { data, [Symbol.dispose]: () => undefined };
  const path = mkdtempSync("/var/lib/quarterdeck-doctor-");
  return { data: DataDirectory.open(path), [Symbol.dispose]: () => rmSync(path, { recursive: true, force: true }) };
}
