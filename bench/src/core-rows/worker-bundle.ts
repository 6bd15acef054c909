import { globSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { build } from "esbuild";
import { compare, type Row } from "../row.ts";

const barBytes = 40_000;
const bench = join(import.meta.dirname, "..", "..");
const relay = join(bench, "..", "apps", "relay", "src");
const importLine = /import \{([^}]*)\} from "(@quarterdeck\/core\/[^"]+)"/g;

/**
 * What core adds to the Worker: all that the Worker takes from it, minified and compressed; alone, and with the library that
 * it reads frames with.
 */
export async function measureWorkerBundle(): Promise<Row[]> {
  const entry = entryOf(globSync("**/*.ts", { cwd: relay }).filter((file) => !file.endsWith(".test.ts")));
  const core = await gzippedBytes(entry, ["zod", "zod/*"]);
  const withZod = await gzippedBytes(entry, []);
  return [row("without zod", core), row("with zod", withZod)];
}

function row(which: string, bytes: number): Row {
  return compare({
    what: `core in the Worker, gzipped, ${which}`,
    ours: bytes,
    peer: barBytes,
    peerName: "the bar itself",
    unit: "bytes",
    bar: 1,
    direction: "at most",
    config: { bundler: "esbuild, minified", gzipLevel: 9 },
  });
}

/** A module that passes on the values, not the types, that files of the Worker import from core. */
function entryOf(files: readonly string[]): string {
  const lines = new Set<string>();
  for (const file of files) {
    for (const [, names = "", from = ""] of readFileSync(join(relay, file), "utf8").matchAll(importLine)) {
      for (const name of names.split(",").map((one) => one.trim().split(" as ")[0] ?? "")) {
        if (name !== "" && !name.startsWith("type ")) lines.add(`import { ${name} } from "${from}"; keep(${name});`);
      }
    }
  }
  if (lines.size === 0) throw new Error(`nothing in ${relay} imports core`);
  // Each name stands in a block of its own module, so that names from two modules do not meet.
  return [...lines]
    .map((line, i) => line.replace(/\{ (\w+) \}/, `{ $1 as kept${i} }`).replace(/keep\(\w+\)/, `keep(kept${i})`))
    .concat("function keep(value) { globalThis.kept = value; }")
    .join("\n");
}

async function gzippedBytes(contents: string, external: string[]): Promise<number> {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: bench, loader: "js" },
    bundle: true,
    minify: true,
    format: "esm",
    platform: "neutral",
    mainFields: ["module", "main"],
    conditions: ["workerd", "import"],
    external,
    write: false,
  });
  const code = outputFiles[0]?.contents;
  if (code === undefined) throw new Error("the bundler wrote nothing");
  return gzipSync(code, { level: 9 }).length;
}
