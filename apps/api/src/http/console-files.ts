import { readdir, readFile } from "node:fs/promises";
import { extname, join, relative, sep } from "node:path";
import { promisify } from "node:util";
import { gzip } from "node:zlib";
import type { MiddlewareHandler } from "hono";
import { EnvError } from "../env.ts";

const contentTypes: Readonly<Record<string, string>> = {
  ".css": "text/css; charset=utf-8",
  ".html": "text/html; charset=utf-8",
  ".ico": "image/x-icon",
  ".jpg": "image/jpeg",
  ".js": "text/javascript; charset=utf-8",
  ".json": "application/json",
  ".map": "application/json",
  ".png": "image/png",
  ".svg": "image/svg+xml",
  ".txt": "text/plain; charset=utf-8",
  ".webmanifest": "application/manifest+json",
  ".woff2": "font/woff2",
};

interface ConsoleFile {
  readonly content: Uint8Array<ArrayBuffer>;
  /** The same in gzip, where that is smaller. */
  readonly compressed: Uint8Array<ArrayBuffer> | null;
  readonly contentType: string;
  readonly cacheControl: string;
}

/** Serves the console's files, and its page for every other path that a browser asks a page for. */
export async function consoleFiles(webDist: string): Promise<MiddlewareHandler> {
  const files = await readFiles(webDist).catch((error: unknown) => {
    throw new EnvError(
      `QUARTERDECK_WEB_DIST is ${webDist}, which cannot be read. Build the console there, or unset it.`,
      {
        cause: error,
      },
    );
  });
  const page = files.get("/index.html");
  return async (c, next) => {
    if (c.req.method !== "GET" && c.req.method !== "HEAD") return next();
    const wantsPage = c.req.header("accept")?.includes("text/html") === true || extname(c.req.path) === "";
    const file = files.get(c.req.path) ?? (wantsPage ? page : undefined);
    if (file === undefined) return next();
    const headers = { "content-type": file.contentType, "cache-control": file.cacheControl, vary: "accept-encoding" };
    if (file.compressed !== null && c.req.header("accept-encoding")?.includes("gzip") === true) {
      return c.body(file.compressed, 200, { ...headers, "content-encoding": "gzip" });
    }
    return c.body(file.content, 200, headers);
  };
}

/** All files by their path in the URL, so that no request can name another. */
async function readFiles(folder: string): Promise<Map<string, ConsoleFile>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile());
  return new Map(
    await Promise.all(
      files.map(async (entry): Promise<[string, ConsoleFile]> => {
        const path = join(entry.parentPath, entry.name);
        const url = `/${relative(folder, path).split(sep).join("/")}`;
        const content = new Uint8Array(await readFile(path));
        const zipped = new Uint8Array(await promisify(gzip)(content));
        const compressed = zipped.length < content.length * 0.9 ? zipped : null;
        const contentType = contentTypes[extname(path)] ?? "application/octet-stream";
        // Vite puts a hash of the content into the names of what it writes to assets/.
        const isHashed = url.startsWith("/assets/");
        return [
          url,
          {
            content,
            compressed,
            contentType,
            cacheControl: isHashed ? "public, max-age=31536000, immutable" : "no-cache",
          },
        ];
      }),
    ),
  );
}
