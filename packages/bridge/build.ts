// Bundles the bridge and its wrapper, each into one file, and packs them as an npm package without dependencies.
import { createHash } from "node:crypto";
import { mkdir, readdir, readFile, rename, writeFile } from "node:fs/promises";
import { basename, join } from "node:path";
import { gzipSync } from "node:zlib";
import { actionNames } from "@quarterdeck/core/actions/catalogue";
import { bridgeFeatures } from "@quarterdeck/core/protocol/features";
import type { ReleaseManifest } from "@quarterdeck/core/protocol/release";
import { protocolRange } from "@quarterdeck/core/protocol/version";
import { build } from "esbuild";
import manifest from "./package.json" with { type: "json" };
import { packTar } from "./pack-tar.ts";

const dist = join(import.meta.dirname, "dist");
await mkdir(dist, { recursive: true });

/** A running bridge starts its wrappers from here, so a file is replaced whole. */
async function replaceFile(name: string, content: Uint8Array, mode = 0o644): Promise<void> {
  const unfinished = join(dist, `.${name}.${process.pid}`);
  await writeFile(unfinished, content, { mode });
  await rename(unfinished, join(dist, name));
}

const { outputFiles, metafile } = await build({
  absWorkingDir: import.meta.dirname,
  entryPoints: {
    cli: "src/cli.ts",
    launcher: "src/launcher.ts",
    wrapper: "src/wrapper.ts",
    egress: "src/egress.ts",
    forwarder: "src/forwarder.ts",
    "list-directory": "src/actions/list-directory.ts",
    "pack-workspace": "src/actions/pack-workspace.ts",
    "unpack-archive": "src/actions/unpack-archive.ts",
  },
  outdir: dist,
  outExtension: { ".js": ".mjs" },
  bundle: true,
  platform: "node",
  format: "esm",
  target: "node22.13",
  minifySyntax: true,
  // ws is CommonJS and requires Node's own modules at run time.
  banner: {
    js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
  },
  external: ["bufferutil", "utf-8-validate", "supports-color"],
  logLevel: "warning",
  write: false,
  metafile: true,
});
for (const file of outputFiles) await replaceFile(basename(file.path), file.contents);
const bin = "quarterdeck-bridge.mjs";
await replaceFile(bin, await readFile(join(import.meta.dirname, "src/shim.mjs")), 0o755);

// What install.sh puts onto a server.
const installFolder = join(import.meta.dirname, "install");
const installed = ["install.sh", "quarterdeck-bridge.sh", "quarterdeck-bridge.service", "quarterdeck-helper.service"];
const installFiles = await Promise.all(
  installed.map(async (file) => ({
    name: `package/install/${file}`,
    content: await readFile(join(installFolder, file)),
    isExecutable: file.endsWith(".sh"),
  })),
);
// The API serves it beside the package.
await replaceFile("install.sh", await readFile(join(installFolder, "install.sh")));

const { name, version, description, license } = manifest;
const packageJson = {
  name,
  version,
  description,
  license,
  type: "module",
  bin: { "quarterdeck-bridge": `dist/${bin}` },
  engines: { node: ">=22.13.0" },
};
/** Everything that was bundled, by the folders that it came from. */
const bundled = new Set(
  Object.keys(metafile.inputs).flatMap((path) => /^.*node_modules\/(?:@[^/]+\/)?[^/]+(?=\/)/.exec(path)?.[0] ?? []),
);
const notices = await Promise.all(
  [...bundled].toSorted().map(async (folder) => {
    const path = join(import.meta.dirname, folder);
    const file = (await readdir(path)).find((name) => /^licen[cs]e/i.test(name));
    const { name, license, author } = JSON.parse(await readFile(join(path, "package.json"), "utf8"));
    if (!["MIT", "ISC", "BSD-2-Clause", "BSD-3-Clause", "Apache-2.0"].includes(license))
      throw new Error(`${folder} has the licence ${license}`);
    // A package without the text names its licence and author in its manifest.
    const text = file
      ? await readFile(join(path, file), "utf8")
      : `Licence: ${license}. Author: ${author ?? "unknown"}.\n`;
    return `This package contains ${name}:\n\n${text}`;
  }),
);
const tar = packTar([
  { name: "package/package.json", content: Buffer.from(`${JSON.stringify(packageJson, undefined, 2)}\n`) },
  { name: "package/LICENSE", content: await readFile(join(import.meta.dirname, "../../LICENSE")) },
  { name: "package/policy.toml", content: await readFile(join(import.meta.dirname, "policy.toml")) },
  { name: "package/THIRD-PARTY-NOTICES", content: Buffer.from(notices.join("\n\n")) },
  { name: `package/dist/${bin}`, content: await readFile(join(dist, bin)), isExecutable: true },
  { name: "package/dist/cli.mjs", content: await readFile(join(dist, "cli.mjs")) },
  { name: "package/dist/launcher.mjs", content: await readFile(join(dist, "launcher.mjs")) },
  { name: "package/dist/wrapper.mjs", content: await readFile(join(dist, "wrapper.mjs")) },
  { name: "package/dist/egress.mjs", content: await readFile(join(dist, "egress.mjs")) },
  { name: "package/dist/forwarder.mjs", content: await readFile(join(dist, "forwarder.mjs")) },
  ...installFiles,
  { name: "package/dist/list-directory.mjs", content: await readFile(join(dist, "list-directory.mjs")) },
  { name: "package/dist/pack-workspace.mjs", content: await readFile(join(dist, "pack-workspace.mjs")) },
  { name: "package/dist/unpack-archive.mjs", content: await readFile(join(dist, "unpack-archive.mjs")) },
]);
const tarball = gzipSync(tar, { level: 9 });
// What the platform signs when it offers this package to its servers.
const releaseManifest: ReleaseManifest = {
  v: 1,
  version,
  sha256: createHash("sha256").update(tarball).digest("base64url"),
  sizeBytes: tarball.length,
  actions: actionNames,
  features: [...bridgeFeatures],
  minimalProtocol: protocolRange.min,
};
await replaceFile("quarterdeck-bridge.tgz", tarball);
await replaceFile("quarterdeck-bridge.tgz.json", Buffer.from(`${JSON.stringify(releaseManifest, undefined, 2)}\n`));
