import { timingSafeEqual } from "node:crypto";
import { dayMs, secondMs } from "@quarterdeck/core/units";
import { makeToken } from "../random-token.ts";
import type { Runtime } from "../runtime.ts";

const keptMs = 180 * dayMs;
const shape = /^(?<device>qd_device_[\w-]{32})\.(?<seal>[\w-]{43})$/;

/** The device's cookie: it says that an account was signed in to from here once. It lets nobody in. */
export function knownDeviceCookie({ address, secrets }: Runtime, email: string): string {
  const device = makeToken("qd_device");
  const value = `${device}.${sealOf(secrets, email, device)}`;
  const secure = address.isSecure ? "; Secure" : "";
  return `${cookieName(address.isSecure)}=${value}; HttpOnly; Max-Age=${keptMs / secondMs}; Path=/; SameSite=Strict${secure}`;
}

/** Reads the device's cookie from a request's header. */
export function readDeviceCookie({ address }: Pick<Runtime, "address">, cookieHeader: string): string | null {
  const start = `${cookieName(address.isSecure)}=`;
  const cookie = cookieHeader.split(/;\s*/).find((pair) => pair.startsWith(start));
  return cookie?.slice(start.length) ?? null;
}

/** The device, if its cookie is of this account and was made here. */
export function knownDeviceOf(
  { secrets }: Pick<Runtime, "secrets">,
  cookie: string | null,
  email: string,
): string | null {
  const { device, seal } = shape.exec(cookie ?? "")?.groups ?? {};
  if (device === undefined || seal === undefined) return null;
  const expected = sealOf(secrets, email, device);
  return timingSafeEqual(Buffer.from(seal), Buffer.from(expected)) ? device : null;
}

function cookieName(isSecure: boolean): string {
  return isSecure ? "__Host-quarterdeck-device" : "quarterdeck-device";
}

function sealOf(secrets: Runtime["secrets"], email: string, device: string): string {
  return secrets.hash(`known-device\n${email}\n${device}`);
}
