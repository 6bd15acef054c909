/** The socket of a run's proxy, in the companion's folder. */
export const egressSocketName = "proxy.sock";

/** Where a run finds its proxy, in its own network. */
export const egressPort = 3128;

/** What programs read to find their proxy: curl, git, pip, go and cargo, npm and Node. The machine's own names go nowhere. */
export function proxyVariables(): Record<string, string> {
  const proxy = `http://127.0.0.1:${egressPort}`;
  const own = "localhost,127.0.0.1,::1";
  return {
    HTTP_PROXY: proxy,
    HTTPS_PROXY: proxy,
    http_proxy: proxy,
    https_proxy: proxy,
    NO_PROXY: own,
    no_proxy: own,
    NODE_USE_ENV_PROXY: "1",
  };
}
