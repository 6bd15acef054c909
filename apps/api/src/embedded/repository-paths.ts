import { existsSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";

const apiDir = dirname(dirname(dirname(fileURLToPath(import.meta.url))));
const root = dirname(dirname(apiDir));

/** Where the embedded mode finds what the build made of the other parts. */
export const paths = {
  root,
  apiDir,
  apiEntry: join(apiDir, "src/server.ts"),
  relayBundle: join(root, "apps/relay/dist/worker.js"),
  webDist: join(root, "apps/web/dist"),
  bridgeCli: join(root, "packages/bridge/dist/quarterdeck-bridge.mjs"),
  bridgeTarball: join(root, "packages/bridge/dist/quarterdeck-bridge.tgz"),
};

/** Throws when the build is missing or not complete. */
export function checkIsBuilt(): void {
  const missing = [paths.relayBundle, join(paths.webDist, "index.html"), paths.bridgeCli, paths.bridgeTarball].filter(
    (path) => !existsSync(path),
  );
  if (missing.length > 0)
    throw new Error(
      `The build is not complete; these files are missing:\n  ${missing.join("\n  ")}\nRun: npm run build`,
    );
}
