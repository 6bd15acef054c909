import { join } from "node:path";
import { build } from "esbuild";

/**
 * Bundles the contract of the drivers and the wrapper that it starts, each into one file, to be copied to a server:
 * `node contract.mjs /path/to/wrapper.mjs` there, as root.
 */
export async function bundleContract(outdir: string): Promise<void> {
  const source = join(import.meta.dirname, "../..");
  await build({
    absWorkingDir: source,
    entryPoints: { contract: "test/contract/contract-main.ts", wrapper: "src/wrapper.ts" },
    outdir,
    outExtension: { ".js": ".mjs" },
    bundle: true,
    platform: "node",
    format: "esm",
    target: "node22.13",
    logLevel: "warning",
  });
}
