import type { TestProject } from "vitest/node";
import { bundleWorker } from "./bundle-worker.ts";

declare module "vitest" {
  interface ProvidedContext {
    /** The bundled Worker, made by the same command as for a deployment. */
    readonly relayBundle: string;
  }
}

/** Bundles the Worker once for all test files. */
export default async function buildRelay(project: TestProject): Promise<() => Promise<void>> {
  const bundle = await bundleWorker("wrangler.jsonc", "worker");
  project.provide("relayBundle", bundle.path);
  return async () => bundle[Symbol.asyncDispose]();
}
