import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { TestProject } from "vitest/node";

declare module "vitest" {
  interface ProvidedContext {
    /** The bundled Worker, made by the same command as for a deployment. */
    readonly relayBundle: string;
  }
}

/** Bundles the Worker once for all test files. */
export default async function buildRelay(project: TestProject): Promise<() => Promise<void>> {
  const folder = await mkdtemp(join(tmpdir(), "quarterdeck-relay-bundle-"));
  const packageFolder = join(import.meta.dirname, "..");
  const wrangler = join(packageFolder, "node_modules", "wrangler", "bin", "wrangler.js");
  await promisify(execFile)(process.execPath, [wrangler, "deploy", "--dry-run", "--outdir", folder], {
    cwd: packageFolder,
    env: { ...process.env, WRANGLER_SEND_METRICS: "false", CLOUDFLARE_CF_FETCH_ENABLED: "false" },
  });
  project.provide("relayBundle", join(folder, "worker.js"));
  return () => rm(folder, { recursive: true });
}
