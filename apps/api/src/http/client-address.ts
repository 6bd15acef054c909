import type { IncomingMessage } from "node:http";
import { isInRange, plainAddress } from "./address-ranges.ts";

/** Whoever asks, where nobody can say from where. It is in no range. */
const unknown = "unknown";

/**
 * From where a request comes: the peer's address, or, where the peer is a proxy that the operator trusts, what that says. Each
 * proxy adds who asked it at the end of the header, so it is read from there, and what stands before the first that is not
 * trusted may be anybody's invention.
 */
export function clientAddress(
  { socket, headers }: Pick<IncomingMessage, "socket" | "headers">,
  trustedProxies: readonly string[],
): string {
  const peer = plainAddress(socket.remoteAddress ?? "") ?? unknown;
  const isTrusted = (address: string) => trustedProxies.some((range) => isInRange(address, range));
  const forwarded = [headers["x-forwarded-for"] ?? []].flat().join(",").split(",");
  const said = forwarded.map((text) => text.trim()).filter((text) => text !== "");
  let address = peer;
  for (const next of said.reverse()) {
    if (!isTrusted(address)) return address;
    address = plainAddress(next) ?? unknown;
  }
  return address;
}
