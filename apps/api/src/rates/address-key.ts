import { isIPv6 } from "node:net";

/**
 * What of an address is one peer: an IPv4 address, or the /64 of an IPv6 address, of which a subscriber has all. Other
 * spellings of one address are the same peer.
 */
export function addressKey(address: string): string {
  const [plain = ""] = address.toLowerCase().split("%"); // What follows names an interface of this machine.
  const mapped = /^::ffff:(?<v4>\d+\.\d+\.\d+\.\d+)$/.exec(plain)?.groups?.["v4"];
  if (mapped !== undefined) return mapped;
  if (!isIPv6(plain)) return plain;
  const [head = "", tail] = plain.split("::");
  const groups = head === "" ? [] : head.split(":");
  const after = tail === undefined || tail === "" ? [] : tail.split(":");
  // An address that ends in the form of IPv4 has two groups there.
  const afterCount = after.length + (after.at(-1)?.includes(".") ? 1 : 0);
  while (groups.length < 8 - afterCount) groups.push("0");
  const network = [...groups, ...after].slice(0, 4).map((group) => Number.parseInt(group, 16).toString(16));
  return `${network.join(":")}::/64`;
}
