import { createReadStream } from "node:fs";
import { Readable } from "node:stream";
import { createGzip } from "node:zlib";
import { build } from "esbuild";
import type { CommandEnd, TestServer } from "./test-server.ts";

/** Where another user than root can read it too. */
const folder = "/var/tmp/quarterdeck-tests";
/** The one that the installer brought, or one of the tests' own where nothing is installed. */
const installedNode = "/usr/lib/quarterdeck/bin/node";
const ownNode = `${folder}/node`;

export interface Bundle {
  /** The TypeScript that is to run there, with everything that it imports. */
  readonly entry: string;
  readonly args?: readonly string[];
  /** Whose rights it has; root without it. */
  readonly user?: string;
  readonly timeoutMs?: number;
}

/** Bundles a program, runs it inside the server with Node, and brings back what it said. See README.md. */
export async function runInServer(
  server: TestServer,
  { entry, args = [], user, timeoutMs }: Bundle,
): Promise<CommandEnd> {
  const { outputFiles } = await build({
    entryPoints: [entry],
    bundle: true,
    write: false,
    platform: "node",
    format: "esm",
    target: "node22.13",
    banner: {
      js: 'import { createRequire as __createRequire } from "node:module"; const require = __createRequire(import.meta.url);',
    },
    logLevel: "silent",
  });
  const program = `${folder}/${crypto.randomUUID()}.mjs`;
  const node = await bringNode(server);
  await server.sh(`install -d -m 755 ${folder} && cat >${program} && chmod 644 ${program}`, {
    stdin: Readable.from([outputFiles[0]?.contents ?? new Uint8Array()]),
  });
  const words = [...(user === undefined ? [] : ["runuser", "-u", user, "--"]), node, program, ...args];
  return server.run(words.map(quoted).join(" "), timeoutMs === undefined ? {} : { timeoutMs });
}

/** The path of a Node inside the server, which is sent if none is there. */
export async function bringNode(server: TestServer): Promise<string> {
  const found = await server.run(`ls ${installedNode} ${ownNode} 2>/dev/null | head -n 1`);
  if (found.stdout.trim() !== "") return found.stdout.trim();
  const write = `install -d -m 755 ${folder} && gzip -d >${ownNode}.part && chmod 755 ${ownNode}.part && mv ${ownNode}.part ${ownNode}`;
  await server.sh(write, { stdin: createReadStream(process.execPath).pipe(createGzip({ level: 1 })) });
  return ownNode;
}

/** One word of a shell's line, whatever is in it. */
export function quoted(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
