import { resolve } from "node:path";

/** The platform's folder: what the command says, or the environment, or the usual one. */
export function dataDirOf(given: string | undefined, environment: NodeJS.ProcessEnv): string {
  return resolve(given ?? (environment["QUARTERDECK_DATA"] || "data"));
}
