import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";

/** A bundle in a folder of its own. */
export interface WorkerBundle extends AsyncDisposable {
  readonly path: string;
}

/**
 * Bundles a Worker by the same command as for a deployment.
 *
 * @param config wrangler's configuration, in the package's folder
 * @param main the name of its main module
 */
export async function bundleWorker(config: string, main: string): Promise<WorkerBundle> {
  const folder = await mkdtemp(join(tmpdir(), "quarterdeck-relay-bundle-"));
  const packageFolder = join(import.meta.dirname, "..");
  const wrangler = join(packageFolder, "node_modules", "wrangler", "bin", "wrangler.js");
  await promisify(execFile)(
    process.execPath,
    [wrangler, "deploy", "--config", config, "--dry-run", "--outdir", folder],
    {
      cwd: packageFolder,
      env: { ...process.env, WRANGLER_SEND_METRICS: "false", CLOUDFLARE_CF_FETCH_ENABLED: "false" },
    },
  );
  return {
    path: join(folder, `${main}.js`),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true }),
  };
}
