import { createReadStream } from "node:fs";
import { readFile, stat } from "node:fs/promises";
import { dirname, join } from "node:path";
import { Readable } from "node:stream";
import type { HttpBindings } from "@hono/node-server";
import { Hono } from "hono";
import type { Runtime } from "../runtime.ts";
import { installManifestText } from "./manifest-text.ts";
import { OfferedNode } from "./offered-node.ts";

const addressPlaceholder = "'@PLATFORM_URL@'";

/**
 * What a new server asks for: the installer, the signed manifest of what it installs, and Node (PROTOCOL 9.7). The bridge's
 * package comes from where updates come from. Nothing is served where no package is offered.
 */
export async function installRoutes(
  { env, log, address, release, keys }: Runtime,
  node: OfferedNode | null = OfferedNode.ofThisProcess(join(env.dataDir, "cache")),
): Promise<Hono<{ Bindings: HttpBindings }>> {
  const app = new Hono<{ Bindings: HttpBindings }>();
  if (env.bridgeTarball === null || release === null) return app;
  const path = join(dirname(env.bridgeTarball), "install.sh");
  const script = await readFile(path, "utf8").catch((error: unknown) => {
    log.warn({ err: error, path }, "the installer is not served: it cannot be read");
    return null;
  });
  if (script === null) return app;
  app.get("/install.sh", (c) =>
    // An origin has no character that a shell could read otherwise inside quotes.
    c.text(
      script.replace(addressPlaceholder, () => `'${address.origin}'`),
      200,
      {
        "content-type": "text/x-shellscript; charset=utf-8",
        "cache-control": "no-cache",
      },
    ),
  );
  app.get("/install/manifest", async (c) => {
    const text = installManifestText({ release, node: node && (await node.describe()) });
    const { publicKey } = keys.platform;
    const { signature } = await keys.platform.sign("install", text);
    return c.text(`${publicKey}\n${signature}\n${text}`, 200, { "cache-control": "no-store" });
  });
  if (node !== null) addNode(app, node);
  return app;
}

function addNode(app: Hono<{ Bindings: HttpBindings }>, node: OfferedNode): void {
  app.get("/install/node/:file", async (c, next) => {
    const { sha256 } = await node.describe();
    if (c.req.param("file") !== `${sha256}.gz`) return next();
    const compressed = await node.compressed();
    const { size } = await stat(compressed);
    return c.body(Readable.toWeb(createReadStream(compressed)) as ReadableStream, 200, {
      "content-type": "application/gzip",
      "content-length": String(size),
      "cache-control": "public, max-age=31536000, immutable",
    });
  });
}
