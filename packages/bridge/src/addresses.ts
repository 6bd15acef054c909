import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { ServerId } from "@quarterdeck/core/ids";

/** Whether a host is this machine itself, as a URL writes it. */
export function isLoopback(hostname: string): boolean {
  return hostname === "localhost" || hostname === "[::1]" || /^127\.\d+\.\d+\.\d+$/.test(hostname);
}

function parse(text: string, what: string): URL {
  try {
    return new URL(text);
  } catch {
    throw new QuarterdeckError("BAD_REQUEST", `${what} is not an address: ${text.slice(0, 200)}`);
  }
}

/** Whether the owner named exactly this host and port as one that may be used without encryption. */
function isAllowed(url: URL, allowedAddress: string | undefined): boolean {
  return allowedAddress !== undefined && parse(allowedAddress, "--allow-address").host === url.host;
}

/** The platform's address. Without encryption only on this machine, or at the address that the owner allows. */
export function platformUrl(text: string, allowedAddress?: string): URL {
  const url = parse(text, "--url");
  const isExempt = isLoopback(url.hostname) || isAllowed(url, allowedAddress);
  if (url.protocol === "https:" || (url.protocol === "http:" && isExempt)) return url;
  throw new QuarterdeckError(
    "BAD_REQUEST",
    url.protocol === "http:"
      ? `${url.origin} is not encrypted, and unencrypted connections are refused except to this machine itself. Use its https:// address.`
      : `${text.slice(0, 200)} does not start with https://.`,
  );
}

/** Where the bridge connects to. The relay's address may or may not name the server already. */
export function bridgeSocketUrl(relayUrl: string, serverId: ServerId, allowedAddress?: string): URL {
  const url = parse(relayUrl, "The relay's address");
  const isExempt = isLoopback(url.hostname) || isAllowed(url, allowedAddress);
  if (url.protocol !== "wss:" && !(url.protocol === "ws:" && isExempt)) {
    throw new QuarterdeckError(
      "BAD_REQUEST",
      `The relay's address ${url.origin} is not encrypted (wss://), and unencrypted connections are refused except to this machine itself.`,
    );
  }
  const path = url.pathname.replace(/(?<!\/)\/+$/, "");
  if (!path.endsWith(serverId))
    url.pathname = path.endsWith("/bridge") ? `${path}/${serverId}` : `${path}/bridge/${serverId}`;
  return url;
}
