declare module "proxy-from-env" {
  /** The proxy that HTTP_PROXY, HTTPS_PROXY, ALL_PROXY and NO_PROXY name for an address; an empty string without one. */
  export function getProxyForUrl(url: string): string;
}
