import { errorRule } from "@quarterdeck/core/errors/codes";
import { idSchema, type ServerId } from "@quarterdeck/core/ids";
import { auditHeadRequestSchema, drainRequestSchema, outboxBatchSchema } from "@quarterdeck/core/protocol/relay-api";
import { protocolRange } from "@quarterdeck/core/protocol/version";
import { mebibyte } from "@quarterdeck/core/units";
import * as z from "zod";
import type { Env } from "./env.ts";
import { describeFailure } from "./server/describe-failure.ts";
import { isServiceCall } from "./service-key.ts";

export { ServerSession } from "./server-session.ts";

const maxBodyBytes = 40 * mebibyte;
const serverIdSchema = idSchema("server");
const runIdSchema = idSchema("run");

function fail(status: number, code: string, message: string): Response {
  return Response.json({ code, message }, { status });
}

const notFound = () => fail(404, "NOT_FOUND", "There is nothing here.");

function sessionOf(env: Env, serverId: ServerId) {
  return env.SERVER_SESSIONS.get(env.SERVER_SESSIONS.idFromName(serverId));
}

/** Reads a call's body; refuses one that is too large, no JSON or of another shape. */
async function readBody<T>(request: Request, schema: z.ZodType<T>): Promise<T | Response> {
  if (request.method !== "POST") return fail(405, "BAD_REQUEST", "Use POST.");
  if (Number(request.headers.get("content-length") ?? 0) > maxBodyBytes) {
    return fail(413, "TOO_LARGE", `A body may have ${maxBodyBytes} bytes.`);
  }
  let body: unknown;
  try {
    body = await request.json();
  } catch {
    return fail(400, "BAD_REQUEST", "The body is not JSON.");
  }
  const parsed = schema.safeParse(body);
  return parsed.success ? parsed.data : fail(400, "BAD_REQUEST", z.prettifyError(parsed.error).slice(0, 2000));
}

async function takeOutbox(request: Request, env: Env, serverId: ServerId): Promise<Response> {
  const batch = await readBody(request, outboxBatchSchema);
  if (batch instanceof Response) return batch;
  return Response.json({ through: await sessionOf(env, serverId).takeOutbox(serverId, batch.entries) });
}

async function drain(request: Request, env: Env, serverId: ServerId): Promise<Response> {
  const wish = await readBody(request, drainRequestSchema);
  if (wish instanceof Response) return wish;
  return Response.json({ isConnected: await sessionOf(env, serverId).drain(wish.spreadMs) });
}

async function tellAuditHead(request: Request, env: Env, serverId: ServerId): Promise<Response> {
  const wish = await readBody(request, auditHeadRequestSchema);
  if (wish instanceof Response) return wish;
  return Response.json({ isTold: await sessionOf(env, serverId).tellAuditHead(wish.head) });
}

async function api(request: Request, env: Env, path: readonly string[]): Promise<Response> {
  if (!(await isServiceCall(request, env))) return fail(401, "UNAUTHENTICATED", "The service key is missing or wrong.");
  const serverId = serverIdSchema.safeParse(path[1]);
  if (path[0] !== "servers" || !serverId.success) return notFound();
  const [what, ...rest] = path.slice(2);
  const call = [what, ...rest].join("/");
  if (call === "outbox") return takeOutbox(request, env, serverId.data);
  if (call === "audit-head") return tellAuditHead(request, env, serverId.data);
  if (call === "drain") return drain(request, env, serverId.data);
  const runId = runIdSchema.safeParse(rest[0]);
  if (what === "waiting" && rest.length === 1 && runId.success) {
    if (request.method !== "GET") return fail(405, "BAD_REQUEST", "Use GET.");
    return Response.json(await sessionOf(env, serverId.data).explainWaiting(runId.data));
  }
  return notFound();
}

async function upgrade(request: Request, env: Env, path: readonly string[]): Promise<Response> {
  const serverId = serverIdSchema.safeParse(path[0]);
  if (path.length !== 1 || !serverId.success) return notFound();
  if (request.headers.get("upgrade")?.toLowerCase() !== "websocket") {
    return fail(426, "BAD_REQUEST", "This address speaks WebSocket.");
  }
  return sessionOf(env, serverId.data).fetch(request);
}

async function route(request: Request, env: Env): Promise<Response> {
  const [, area, ...path] = new URL(request.url).pathname.split("/");
  if (area === "health" && path.length === 0) {
    const { major, minor } = protocolRange.max;
    return Response.json({ status: "ok", protocol: `${major}.${minor}` });
  }
  if (area === "api") return api(request, env, path);
  if (area === "bridge" || area === "viewer") return upgrade(request, env, path);
  return notFound();
}

export default {
  async fetch(request, env): Promise<Response> {
    try {
      return await route(request, env);
    } catch (error) {
      const text = error instanceof Error ? `${error.name}: ${error.message.slice(0, 300)}` : "not an Error";
      console.error(JSON.stringify({ level: "error", what: "a request", error: text }));
      const { code, message } = describeFailure(error);
      return fail(errorRule(code).httpStatus, code, message);
    }
  },
} satisfies ExportedHandler<Env>;
