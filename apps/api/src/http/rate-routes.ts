import type { HttpBindings } from "@hono/node-server";
import type { MiddlewareHandler } from "hono";
import { ratedRouteOf } from "../rates/route-rates.ts";
import type { Runtime } from "../runtime.ts";
import { clientAddress } from "./client-address.ts";
import { answerError } from "./error-answer.ts";

/** Answers each address at the rate of what it asks for, and says so; accounts are counted where they are known. */
export function rateRoutes({
  requestRates,
  env,
}: Pick<Runtime, "requestRates" | "env">): MiddlewareHandler<{ Bindings: HttpBindings }> {
  return async (c, next) => {
    const route = ratedRouteOf(c.req.path);
    if (route === null) return next();
    const { fields, refusal } = requestRates.chargeRoute(route, clientAddress(c.env.incoming, env.trustedProxies));
    for (const [name, value] of Object.entries(fields)) c.header(name, value);
    return refusal === null ? next() : answerError(c, refusal);
  };
}
