import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { HttpsProxyAgent } from "https-proxy-agent";
import { getProxyForUrl } from "proxy-from-env";
import { isLoopback } from "../addresses.ts";

/**
 * How an address is reached through the proxy that the environment names for it (HTTPS_PROXY, ALL_PROXY, NO_PROXY, in either
 * case); `undefined` for directly. WebSockets go where HTTPS goes. This machine itself is never reached through a proxy.
 */
export function proxyAgent(url: URL): HttpsProxyAgent<string> | undefined {
  if (isLoopback(url.hostname)) return undefined;
  const proxy = getProxyForUrl(url.href.replace(/^ws/, "http"));
  if (proxy === "") return undefined;
  if (!/^https?:\/\//.test(proxy) || !URL.canParse(proxy))
    throw new QuarterdeckError(
      "BAD_REQUEST",
      "The proxy in the environment (HTTPS_PROXY) must be an http:// or https:// address.",
    );
  return new HttpsProxyAgent(proxy);
}
