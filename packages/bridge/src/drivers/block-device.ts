import { readFileSync, statSync } from "node:fs";
import { deviceNumber } from "./quota-mount.ts";

/** The disk that a folder is on, as `major:minor`: limits of io are a whole disk's, never a partition's. Null where there is none. */
export function diskOf(folder: string): string | null {
  const device = deviceNumber(statSync(folder).dev);
  const read = (path: string) => {
    try {
      return readFileSync(path, "utf8").trim();
    } catch {
      return undefined; // No block device, or no partition: that is what is asked.
    }
  };
  const entry = `/sys/dev/block/${device}`;
  if (read(`${entry}/dev`) === undefined) return null;
  return read(`${entry}/partition`) === undefined ? device : (read(`${entry}/../dev`) ?? null);
}
