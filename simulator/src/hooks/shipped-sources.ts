import { registerHooks } from "node:module";
import { readFileSync } from "node:fs";
import { fileURLToPath, pathToFileURL } from "node:url";
import { join } from "node:path";
import { applyPatches, type Patch } from "./patch.ts";

const root = join(import.meta.dirname, "..", "..", "..");
const substitutesFolder = join(import.meta.dirname, "..", "substitutes");

const substitute = (name: string) => pathToFileURL(join(substitutesFolder, `${name}.ts`)).href;
const folder = (path: string) => pathToFileURL(join(root, path)).href;

/** What shipped code of each part gets in the place of what it asks for. */
const replacements: readonly { readonly from: string; readonly modules: Readonly<Record<string, string>> }[] = [
  {
    from: folder("packages/bridge/src/"),
    modules: {
      "node:fs": substitute("fs"),
      "node:sqlite": substitute("sqlite"),
      "node:child_process": substitute("child-process"),
      "node:crypto": substitute("node-crypto"),
      "node:os": substitute("os"),
      "node:timers/promises": substitute("timers-promises"),
      ws: substitute("ws"),
    },
  },
  {
    from: folder("apps/api/src/"),
    modules: { "node:crypto": substitute("node-crypto"), "@libsql/client": substitute("libsql-client") },
  },
  { from: folder("apps/relay/src/"), modules: { "cloudflare:workers": substitute("cloudflare-workers") } },
];

/** Modules that only talk to the operating system, replaced whole. */
const replacedFiles = new Map([
  [folder("packages/core/src/protocol/hpke.ts"), substitute("hpke")],
  [folder("apps/api/src/keys/key-files.ts"), substitute("key-files")],
  [folder("packages/bridge/src/wrapper/processes.ts"), substitute("processes")],
  [folder("packages/bridge/src/wrapper/output-pipe.ts"), substitute("output-pipe")],
  [folder("packages/bridge/src/sandbox/open-sandbox.ts"), substitute("open-sandbox")],
  [folder("packages/bridge/src/drivers/open-driver.ts"), substitute("open-driver")],
  [folder("packages/bridge/src/sandbox/own-folder.ts"), substitute("own-folder")],
]);

const bridgeFolder = folder("packages/bridge/src/");

/** Lets shipped modules be imported into the simulation as they are, with their surroundings replaced and `patches` made. */
export function useShippedSources(patches: readonly Patch[]): void {
  const changes = new Map<string, Patch[]>();
  for (const patch of patches) {
    const url = folder(patch.file);
    changes.set(url, [...(changes.get(url) ?? []), patch]);
  }
  registerHooks({
    resolve(specifier, context, next) {
      const parent = context.parentURL ?? "";
      const rule = replacements.find(({ from }) => parent.startsWith(from));
      const replaced = rule?.modules[specifier];
      if (replaced !== undefined) return { url: replaced, shortCircuit: true };
      const resolved = next(specifier, context);
      const file = replacedFiles.get(resolved.url);
      return file === undefined ? resolved : { ...resolved, url: file };
    },
    load(url, context, next) {
      const patched = changes.get(url);
      const isBridge = url.startsWith(bridgeFolder);
      if (!patched && !isBridge) return next(url, context);
      let source = applyPatches(readFileSync(fileURLToPath(url), "utf8"), patched ?? []);
      // `process` of the bridge is that of the simulated process. On the first line, so that line numbers stay.
      if (isBridge) source = `import process from ${JSON.stringify(substitute("process"))}; void process; ${source}`;
      return { format: "module-typescript", source, shortCircuit: true };
    },
  });
}
