// Loaded before the API's own code (`node --import`) by tests: replaces the machine's clock. A file, named in the query of this
// module's address, says by how many milliseconds it is ahead. Nothing of it is in the API itself.
import { readFileSync } from "node:fs";

const file = new URL(import.meta.url).searchParams.get("file") ?? "";

function aheadMs(): number {
  try {
    return Number(readFileSync(file, "utf8"));
  } catch {
    return 0; // It is right.
  }
}

const RealDate = Date;
const now = () => RealDate.now() + aheadMs();
globalThis.Date = new Proxy(RealDate, {
  construct: (target, args: number[]) => Reflect.construct(target, args.length === 0 ? [now()] : args) as object,
  get: (target, name) => (name === "now" ? now : Reflect.get(target, name)),
});
