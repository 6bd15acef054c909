import { createHash, timingSafeEqual } from "node:crypto";
import { nameSchema } from "@quarterdeck/core/actions/names";
import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { fleetSpreadMs } from "@quarterdeck/core/protocol/fleet-spread";
import { drainRequestSchema, renewalRequestSchema, reportBatchSchema } from "@quarterdeck/core/protocol/relay-api";
import { telemetryBatchSchema } from "@quarterdeck/core/protocol/telemetry-minutes";
import { mebibyte } from "@quarterdeck/core/units";
import { Hono } from "hono";
import { bodyLimit } from "hono/body-limit";
import * as z from "zod";
import { changeKeys, keyChangeRequestSchema, readKeyStatus } from "../keys/key-service.ts";
import { notFound } from "../not-found.ts";
import { drainServers } from "../relay/drain.ts";
import { FleetSize } from "../relay/fleet-size.ts";
import { renewCommands } from "../relay/renewals.ts";
import { recordReports } from "../relay/reports.ts";
import type { Runtime } from "../runtime.ts";
import { enrolThisMachine } from "../servers/enrolment-service.ts";
import { recordTelemetry } from "../telemetry/record.ts";
import { createAdminRoutes } from "./admin-routes.ts";
import { answerError } from "./error-answer.ts";
import { internalProof } from "./internal-proof.ts";
import { readBody } from "./read-body.ts";

/** A full batch of reports with full tails, and room. */
const bodyBytes = 64 * mebibyte;

/** What the relay asks with the service key, and the supervisor and the operator with theirs, on a loopback address of its own. */
export function createInternalApp(runtime: Runtime, readSetupLink: () => Promise<string | null>): Hono {
  const { log, keys } = runtime;
  const fleet = new FleetSize(runtime);
  const app = new Hono();
  app.get("/health", (c) => c.json({ status: "ok" }));
  app.get("/proof/:nonce", (c) => c.text(internalProof(keys.operatorKey, c.req.param("nonce"))));
  app.use(async (c, next) => {
    const key = c.req.path.startsWith("/relay/") ? keys.serviceKey : keys.operatorKey;
    if (isSame(c.req.header("authorization") ?? "", `Bearer ${key}`)) return next();
    return answerError(c, new QuarterdeckError("UNAUTHENTICATED", "The key for this is missing or wrong."));
  });
  app.use(bodyLimit({ maxSize: bodyBytes }));
  app.onError((error, c) => {
    if (error instanceof QuarterdeckError) return answerError(c, error);
    log.error({ err: error, path: c.req.path }, "an internal request failed");
    return answerError(c, new QuarterdeckError("INTERNAL", "The API failed; its log says what."));
  });
  app.post("/relay/reports", async (c) => {
    const batch = await readBody(c, reportBatchSchema);
    const recorded = await recordReports(runtime, batch);
    if (recorded === null) throw notFound("server");
    return c.json({ ...recorded, spreadMs: fleetSpreadMs(await fleet.count()) });
  });
  app.post("/relay/telemetry", async (c) => {
    const batch = await readBody(c, telemetryBatchSchema);
    const answer = await recordTelemetry(runtime, batch);
    if (answer === null) throw notFound("server");
    return c.json(answer);
  });
  app.post("/relay/renewals", async (c) => {
    const request = await readBody(c, renewalRequestSchema);
    const answer = await renewCommands(runtime, request);
    if (answer === null) throw notFound("server");
    return c.json(answer);
  });
  app.post("/internal/enrolments", async (c) => {
    const body = z.strictObject({ name: nameSchema, isThisMachine: z.literal(true) });
    const { name } = await readBody(c, body);
    return c.json(await enrolThisMachine(runtime, name));
  });
  app.get("/internal/keys", async (c) => c.json(await readKeyStatus(runtime)));
  app.post("/internal/keys", async (c) => {
    return c.json(await changeKeys(runtime, await readBody(c, keyChangeRequestSchema)));
  });
  app.post("/internal/drain", async (c) => {
    return c.json(await drainServers(runtime, await readBody(c, drainRequestSchema)));
  });
  app.route("/internal/admin", createAdminRoutes(runtime));
  app.get("/internal/setup-link", async (c) => c.json({ url: await readSetupLink() }));
  return app;
}

function isSame(given: string, expected: string): boolean {
  const digest = (text: string) => createHash("sha256").update(text).digest();
  return timingSafeEqual(digest(given), digest(expected));
}
