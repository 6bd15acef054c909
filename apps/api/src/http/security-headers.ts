import type { MiddlewareHandler } from "hono";
import type { PublicAddress } from "./public-address.ts";

/** What browsers are told on every answer. Scripts come from this address only, and never from within a page. */
export function securityHeaders(address: PublicAddress): MiddlewareHandler {
  let told: readonly (readonly [name: string, value: string])[] = [];
  let toldOrigin = "";
  return async (c, next) => {
    await next();
    // The port, and so the address, is known only once the process listens.
    if (toldOrigin !== address.webSocketOrigin) {
      toldOrigin = address.webSocketOrigin;
      told = headersFor(address);
    }
    // `c.header` would make a new answer for each, once there is one.
    const { headers } = c.res;
    for (const [name, value] of told) headers.set(name, value);
  };
}

function headersFor(address: PublicAddress): [name: string, value: string][] {
  const policy = [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self' 'unsafe-inline'", // Positioned popovers and graphs set styles on elements.
    "img-src 'self' data:",
    "font-src 'self'",
    `connect-src 'self' ${address.webSocketOrigin}`, // Some browsers do not count ws: as 'self'.
    "manifest-src 'self'",
    "base-uri 'none'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ];
  return [
    ["content-security-policy", policy.join("; ")],
    ["x-content-type-options", "nosniff"],
    ["x-frame-options", "DENY"],
    ["referrer-policy", "no-referrer"],
    ["cross-origin-opener-policy", "same-origin"],
    ["cross-origin-resource-policy", "same-origin"],
    ...(address.isSecure ? [["strict-transport-security", "max-age=31536000"] as [string, string]] : []),
  ];
}
