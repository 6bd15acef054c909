import type { MiddlewareHandler } from "hono";
import type { PublicAddress } from "./public-address.ts";

/** What browsers are told on every answer. Scripts come from this address only, and never from within a page. */
export function securityHeaders(address: PublicAddress): MiddlewareHandler {
  return async (c, next) => {
    await next();
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
    c.header("content-security-policy", policy.join("; "));
    c.header("x-content-type-options", "nosniff");
    c.header("x-frame-options", "DENY");
    c.header("referrer-policy", "no-referrer");
    c.header("cross-origin-opener-policy", "same-origin");
    c.header("cross-origin-resource-policy", "same-origin");
    if (address.isSecure) c.header("strict-transport-security", "max-age=31536000");
  };
}
