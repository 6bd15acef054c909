import { isIP } from "node:net";

/** Where a run wants to connect to. */
export interface Destination {
  /** In lower case, without the root's dot; an IPv6 address without brackets. */
  readonly host: string;
  readonly port: number;
}

/** An entry without a port means these. */
const usualPorts = [80, 443];

/** Reads `host:port` as a client writes it, or `undefined`. */
export function parseDestination(text: string, defaultPort?: number): Destination | undefined {
  const [, bracketed, plain, digits] = /^(?:\[([0-9a-fA-F:.]+)\]|([^:/@\s[\]]+))(?::(\d{1,5}))?$/.exec(text) ?? [];
  const host = (bracketed ?? plain ?? "").toLowerCase().replace(/\.$/, "");
  const port = digits === undefined ? defaultPort : Number(digits);
  if (host === "" || port === undefined || port > 65535 || (digits !== undefined && port === 0)) return undefined;
  if (bracketed !== undefined && isIP(host) !== 6) return undefined;
  if (bracketed === undefined && !isHostName(host)) return undefined;
  return { host, port };
}

function isHostName(host: string): boolean {
  return (
    host.length <= 253 && /^[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?(?:\.[a-z0-9_](?:[a-z0-9_-]*[a-z0-9_])?)*$/.test(host)
  );
}

/**
 * Whether a list lets a run connect there. An entry is a host (`packages.example.org`), all hosts below one (`*.example.com`), either
 * with a port (`git.example.com:22`). Nothing else matches: no part of a name, and no other way to write an address.
 */
export function isListed({ host, port }: Destination, list: readonly string[]): boolean {
  return list.some((entry) => {
    const isWildcard = entry.startsWith("*.");
    const wanted = parseDestination(isWildcard ? entry.slice(2) : entry, 0);
    return wanted !== undefined && matches({ host, port }, wanted, isWildcard);
  });
}

function matches({ host, port }: Destination, wanted: Destination, isWildcard: boolean): boolean {
  if (wanted.port === 0 ? !usualPorts.includes(port) : wanted.port !== port) return false;
  return isWildcard ? host.endsWith(`.${wanted.host}`) && isIP(host) === 0 : host === wanted.host;
}
