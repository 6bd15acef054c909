// node bare-trpc.ts PORT FILE: hono and tRPC over a libSQL file: a read of one row by its id, and an insert. No checks.
// Inserts that come while one is written are written together, each batch durably.
import { serve } from "@hono/node-server";
import { createClient } from "@libsql/client";
import { fetchRequestHandler } from "@trpc/server/adapters/fetch";
import { initTRPC } from "@trpc/server";
import { Hono } from "hono";

const [port = "", file = ""] = process.argv.slice(2);
const client = createClient({ url: `file:${file}` });
await client.execute("PRAGMA journal_mode = WAL");
await client.execute("CREATE TABLE things (id TEXT PRIMARY KEY, name TEXT NOT NULL, size INTEGER NOT NULL)");
await client.execute("INSERT INTO things VALUES ('thing', 'Thing', 1)");

interface Waiting {
  readonly id: string;
  readonly resolve: () => void;
  readonly reject: (error: unknown) => void;
}
let waiting: Waiting[] = [];
let isWriting = false;

async function writeWaiting(): Promise<void> {
  if (isWriting) return;
  isWriting = true;
  await new Promise(setImmediate);
  while (waiting.length > 0) {
    const group = waiting;
    waiting = [];
    const statements = group.map(({ id }) => ({ sql: "INSERT INTO things VALUES (?, 'Thing', 1)", args: [id] }));
    await client.batch(statements, "write").then(
      () => group.forEach(({ resolve }) => resolve()),
      (error: unknown) => group.forEach(({ reject }) => reject(error)),
    );
  }
  isWriting = false;
}

const t = initTRPC.create();
const router = t.router({
  get: t.procedure
    .input((value) => String((value as { id: unknown }).id))
    .query(async ({ input }) => {
      const { rows } = await client.execute({ sql: "SELECT id, name, size FROM things WHERE id = ?", args: [input] });
      return rows[0];
    }),
  add: t.procedure
    .input((value) => String((value as { id: unknown }).id))
    .mutation(async ({ input }) => {
      await new Promise<void>((resolve, reject) => {
        waiting.push({ id: input, resolve, reject });
        void writeWaiting();
      });
      return { id: input };
    }),
});

const app = new Hono();
app.use("/trpc/*", (c) => fetchRequestHandler({ endpoint: "/trpc", req: c.req.raw, router }));
app.get("/health", (c) => c.text("ok"));
serve({ fetch: app.fetch, hostname: "127.0.0.1", port: Number(port) });
