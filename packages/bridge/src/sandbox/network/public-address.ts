import { BlockList, isIPv4, isIPv6 } from "node:net";

/** Every address that is not some machine's on the open internet, by IANA's special-purpose registries. */
const specialIpv4 = [
  ["0.0.0.0", 8],
  ["10.0.0.0", 8],
  ["100.64.0.0", 10],
  ["127.0.0.0", 8],
  ["169.254.0.0", 16], // link-local, and where clouds tell a machine its secrets
  ["172.16.0.0", 12],
  ["192.0.0.0", 24],
  ["192.0.2.0", 24],
  ["192.88.99.0", 24],
  ["192.168.0.0", 16],
  ["198.18.0.0", 15],
  ["198.51.100.0", 24],
  ["203.0.113.0", 24],
  ["224.0.0.0", 4],
  ["240.0.0.0", 4],
  ["168.63.129.16", 32], // Azure tells a machine about itself from here
] as const;

/** Of IPv6 only global unicast is public; this is what in it is not, or holds an IPv4 address. */
const specialIpv6 = [
  ["2001::", 23],
  ["2001:db8::", 32],
  ["2002::", 16],
  ["3fff::", 20],
] as const;

const special = new BlockList();
for (const [address, bits] of specialIpv4) special.addSubnet(address, bits, "ipv4");
for (const [address, bits] of specialIpv6) special.addSubnet(address, bits, "ipv6");
const globalUnicast = new BlockList();
globalUnicast.addSubnet("2000::", 3, "ipv6");

/** The IPv4 ranges that no run may reach, as a firewall takes them. */
export const specialIpv4Ranges: readonly string[] = specialIpv4.map(([address, bits]) => `${address}/${bits}`);

/**
 * Whether an address in its usual notation is a machine's on the open internet, and none of this machine's own. Everything else,
 * as another notation, a mapped or a scoped address, is not.
 *
 * @param own the machine's own addresses
 */
export function isPublicAddress(address: string, own: readonly string[]): boolean {
  if (own.includes(address)) return false;
  if (isIPv4(address)) return !special.check(address, "ipv4");
  if (!isIPv6(address) || address.includes("%") || address.includes(".")) return false;
  return globalUnicast.check(address, "ipv6") && !special.check(address, "ipv6");
}
