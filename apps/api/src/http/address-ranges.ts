import { isIP } from "node:net";
import ipaddr from "ipaddr.js";

type Address = ipaddr.IPv4 | ipaddr.IPv6;

/** How many bits an IPv4 address has before it inside of an IPv6 address that stands for it. */
const mappedBits = 96;

/** One spelling of an address; an IPv6 address that stands for an IPv4 one is that. Null: it is no address. */
export function plainAddress(text: string): string | null {
  return parse(text)?.toString() ?? null;
}

/** One spelling of a range: an address with how many of its bits count, and no others set. Null: it is none. */
export function parseRange(text: string): string | null {
  const [head = "", bits, ...rest] = text.trim().split("/");
  // The library also takes octal, hexadecimal and shortened IPv4, which people and programs read in different ways.
  if (rest.length > 0 || head.includes("%") || isIP(head) === 0 || (bits !== undefined && !/^\d{1,3}$/.test(bits)))
    return null;
  const given = ipaddr.parse(head);
  const all = given.kind() === "ipv4" ? 32 : 128;
  const count = bits === undefined ? all : Number(bits);
  if (count > all) return null;
  if (isMapped(given)) return count < mappedBits ? null : network(given.toIPv4Address(), count - mappedBits);
  return network(given, count);
}

/** Whether an address is in a range that `parseRange` has made. */
export function isInRange(address: string, range: string): boolean {
  const parsed = parse(address);
  if (parsed === null) return false;
  const [network, bits] = ipaddr.parseCIDR(range);
  return parsed.kind() === network.kind() && parsed.match([network, bits] as [ipaddr.IPv4, number]);
}

function parse(text: string): Address | null {
  const [plain = ""] = text.split("%"); // What follows names an interface of this machine.
  return isIP(plain) === 0 ? null : ipaddr.process(plain);
}

function isMapped(address: Address): address is ipaddr.IPv6 {
  return address.kind() === "ipv6" && (address as ipaddr.IPv6).isIPv4MappedAddress();
}

function network(address: Address, bits: number): string {
  const bytes = address.toByteArray().map((byte, index) => {
    const kept = Math.max(0, Math.min(8, bits - index * 8));
    return byte & (0xff << (8 - kept));
  });
  return `${ipaddr.fromByteArray(bytes.map((byte) => byte & 0xff)).toString()}/${bits}`;
}
