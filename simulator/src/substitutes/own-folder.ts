import { mkdirSync } from "./fs.ts";

export function makeOwnFolder(path: string): void {
  mkdirSync(path, { recursive: true });
}
