import { readFileSync } from "node:fs";
import { join } from "node:path";
import * as z from "zod";

/** The version of this API, and of the console that is built with it. */
export const platformVersion = z
  .object({ version: z.string() })
  .parse(JSON.parse(readFileSync(join(import.meta.dirname, "..", "..", "package.json"), "utf8"))).version;
