import { createReadStream } from "node:fs";
import { stat } from "node:fs/promises";
import { Readable } from "node:stream";
import type { HttpBindings } from "@hono/node-server";
import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { signedEnrolRequestSchema } from "@quarterdeck/core/protocol/enrolment";
import { kibibyte } from "@quarterdeck/core/units";
import { fetchRequestHandler } from "@trpc/server/adapters/fetch";
import { sql } from "drizzle-orm";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import { appRouter } from "../app-router.ts";
import { auditDownloads } from "../audit/download-routes.ts";
import { readDeviceCookie } from "../auth/known-device.ts";
import type { Context } from "../context.ts";
import { installRoutes } from "../install/install-routes.ts";
import type { Runtime } from "../runtime.ts";
import { enrol } from "../servers/enrolment-service.ts";
import type { OfferedRelease } from "../updates/offered-release.ts";
import { retryAfterField } from "../rates/rate-limit-fields.ts";
import { trpcError } from "../trpc.ts";
import { orgExportRoutes } from "../orgs/export-route.ts";
import { consoleFiles } from "./console-files.ts";
import { clientAddress } from "./client-address.ts";
import { answerError } from "./error-answer.ts";
import { rateRoutes } from "./rate-routes.ts";
import { readRequestCaller } from "./request-caller.ts";
import { securityHeaders } from "./security-headers.ts";

const bodyBytes = 512 * kibibyte;

type App = Hono<{ Bindings: HttpBindings }>;

/** Everything that the public address answers to plain HTTP requests. */
export async function createPublicApp(runtime: Runtime): Promise<App> {
  const { log, address, env } = runtime;
  const app: App = new Hono();
  app.use(async (c, next) => {
    const startedAtMs = runtime.clock.monotonicMs();
    await next();
    // The path only: a query may hold what belongs in no log.
    const { method, path } = c.req;
    log.info(
      { method, path, status: c.res.status, durationMs: Math.round(runtime.clock.monotonicMs() - startedAtMs) },
      "request",
    );
  });
  app.use(securityHeaders(address));
  app.use(async (c, next) => {
    if (address.acceptsHost(c.req.header("host"))) return next();
    return answerError(
      c,
      new QuarterdeckError(
        "ORIGIN_REFUSED",
        `This is not an address of Quarterdeck. Use ${address.origin}, or set QUARTERDECK_PUBLIC_URL to the address that you use.`,
      ),
    );
  });
  app.use(rateRoutes(runtime));
  app.use(
    bodyLimit({
      maxSize: bodyBytes,
      onError: (c) =>
        answerError(c, new QuarterdeckError("TOO_LARGE", `A request may have ${bodyBytes / kibibyte} KiB.`)),
    }),
  );
  app.onError((error, c) => {
    if (error instanceof QuarterdeckError) return answerError(c, error);
    log.error({ err: error, path: c.req.path }, "a request failed");
    return answerError(
      c,
      new QuarterdeckError("INTERNAL", "Something failed inside Quarterdeck; its log says what. Try again."),
    );
  });
  addHealth(app, runtime);
  addEnrolment(app, runtime);
  addTrpc(app, runtime);
  if (env.bridgeTarball !== null) addTarball(app, env.bridgeTarball);
  addRelease(app, runtime.release);
  app.route("/", orgExportRoutes(runtime));
  app.route("/", await installRoutes(runtime));
  app.route("/", auditDownloads(runtime));
  if (env.webDist !== null) app.use(await consoleFiles(env.webDist));
  app.notFound((c) => answerError(c, new QuarterdeckError("NOT_FOUND", "There is nothing at this address.")));
  return app;
}

function addHealth(app: App, { db, relay }: Runtime): void {
  app.get("/health", (c) => c.json({ status: "ok" }));
  app.get("/readyz", async (c) => {
    const database = await db.get(sql`select 1`).then(
      () => true,
      () => false, // Which is the answer.
    );
    const isReady = database && relay.isReachable;
    return c.json({ status: isReady ? "ready" : "not ready", database, relay: relay.isReachable }, isReady ? 200 : 503);
  });
}

function addEnrolment(app: App, runtime: Runtime): void {
  app.get("/enrol", (c) => c.json({ platformKey: runtime.keys.platform.publicKey }));
  app.post("/enrol", async (c) => {
    const body: unknown = await c.req.json().catch(() => null);
    const request = signedEnrolRequestSchema.safeParse(body);
    if (!request.success) throw new QuarterdeckError("BAD_REQUEST", "This is not an enrolment request.");
    return c.json(await enrol(runtime, request.data, clientAddress(c.env.incoming, runtime.env.trustedProxies)));
  });
}

function addTrpc(app: App, runtime: Runtime): void {
  app.use("/trpc/*", async (c) => {
    const isMutation = c.req.method !== "GET";
    return fetchRequestHandler({
      endpoint: "/trpc",
      req: c.req.raw,
      router: appRouter,
      createContext: async ({ resHeaders, info }): Promise<Context> => {
        if (isMutation && c.req.header("content-type")?.split(";")[0]?.trim() !== "application/json") {
          throw trpcError("BAD_REQUEST", "The body must be JSON, with content-type application/json.");
        }
        const headers = {
          cookie: c.req.header("cookie"),
          authorization: c.req.header("authorization"),
          origin: c.req.header("origin"),
        };
        const read = await readRequestCaller(runtime, headers, { mustKnowOrigin: isMutation }).catch(
          (error: unknown) => {
            throw error instanceof QuarterdeckError ? trpcError(error.code, error.message, error) : error;
          },
        );
        const setCookie = (cookie: string) => resHeaders.append("set-cookie", cookie);
        if (read.renewedCookie !== null) setCookie(read.renewedCookie);
        resHeaders.set("cache-control", "no-store");
        const { account, caller, sessionToken, sinceAuthMs } = read;
        const userAgent = (c.req.header("user-agent") ?? "").slice(0, 400);
        const device = { userAgent, cookie: readDeviceCookie(runtime, c.req.header("cookie") ?? "") };
        const address = clientAddress(c.env.incoming, runtime.env.trustedProxies);
        const expectedOrgId = c.req.header("x-quarterdeck-org") ?? null;
        const { fields, refusal } = runtime.requestRates.charge({ caller, address }, info.calls.length);
        for (const [name, value] of Object.entries(fields)) resHeaders.set(name, value);
        if (refusal !== null) throw trpcError(refusal.code, refusal.message, refusal);
        const who = { account, caller, sessionToken, sinceAuthMs, device, address, expectedOrgId };
        return { runtime, ...who, transport: "http", setCookie };
      },
      responseMeta({ errors }) {
        const waits = errors.flatMap(({ cause }) =>
          cause instanceof QuarterdeckError ? (cause.retryAfterMs ?? []) : [],
        );
        return waits.length === 0 ? {} : { headers: new Headers(retryAfterField(Math.max(...waits))) };
      },
      onError({ error, path }) {
        if (error.code === "INTERNAL_SERVER_ERROR")
          runtime.log.error({ err: error.cause ?? error, path }, "a procedure failed");
      },
    });
  });
}

function addTarball(app: App, path: string): void {
  app.get("/install/quarterdeck-bridge.tgz", async (c) => {
    const { size } = await stat(path);
    const body = Readable.toWeb(createReadStream(path)) as ReadableStream;
    return c.body(body, 200, {
      "content-type": "application/gzip",
      "content-length": String(size),
      "cache-control": "no-cache",
    });
  });
}

/** The package that commands name, under the hash that they name it by (PROTOCOL 9.2). */
function addRelease(app: App, release: OfferedRelease | null): void {
  if (release === null) return;
  const base = `/install/releases/${release.manifestHash}`;
  const headers = { "cache-control": "public, max-age=31536000, immutable" };
  // Its text never changes; its signature does, with the platform's key.
  app.get(`${base}/manifest.json`, async (c) => c.json(await release.sign(), 200, { "cache-control": "no-store" }));
  app.get(`${base}/quarterdeck-bridge.tgz`, (c) =>
    c.body(release.archive, 200, { ...headers, "content-type": "application/gzip" }),
  );
}
