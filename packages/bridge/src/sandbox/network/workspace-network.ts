import { specialIpv4Ranges } from "./public-address.ts";

/** The network of a workspace: a namespace with one link to the machine, and a link of its own for localhost. */
export interface WorkspaceNetwork {
  /** Of the namespace and, on the machine's side, of the link. Interfaces have at most 15 characters. */
  readonly name: string;
  readonly hostAddress: string;
  readonly runAddress: string;
}

export interface NetworkCommand {
  readonly program: "ip" | "nft";
  readonly args: readonly string[];
  readonly input?: string;
}

/** The machine's side of every link begins so. */
const linkPrefix = "qdnet";
/** What a link is called on the runs' side. */
export const insideLink = "eth0";
/** Of the range for benchmarks (RFC 2544), which is routed nowhere: four addresses for each workspace. */
const firstAddress = (198 << 24) + (19 << 16);
const addressesEach = 4;

function dotted(address: number): string {
  return [24, 16, 8, 0].map((shift) => (address >>> shift) & 255).join(".");
}

/** @param index the workspace's number on this machine, below 4096 */
export function workspaceNetwork(index: number): WorkspaceNetwork {
  const base = firstAddress + index * addressesEach;
  return { name: `${linkPrefix}${index}`, hostAddress: dotted(base + 1), runAddress: dotted(base + 2) };
}

/** How a namespace with its link is made. The link's other end gets its name there and is up only in there. */
export function makeNetworkCommands({ name, hostAddress, runAddress }: WorkspaceNetwork): NetworkCommand[] {
  const ip = (...args: string[]): NetworkCommand => ({ program: "ip", args });
  return [
    ip("netns", "add", name),
    ip("-n", name, "link", "set", "lo", "up"),
    ip("link", "add", name, "type", "veth", "peer", "name", insideLink, "netns", name),
    ip("addr", "add", `${hostAddress}/30`, "dev", name),
    ip("link", "set", name, "up"),
    ip("-n", name, "addr", "add", `${runAddress}/30`, "dev", insideLink),
    ip("-n", name, "link", "set", insideLink, "up"),
    ip("-n", name, "route", "add", "default", "via", hostAddress),
  ];
}

/**
 * What runs with a network may reach: the open internet and the machine's name servers. Not the machine itself, whatever address of
 * it they use, no private network, no other workspace, and not what a cloud tells its machines. Only packets of runs are looked at.
 *
 * @param nameServers IPv4 addresses, which may be private ones
 */
export function firewallRules(nameServers: readonly string[]): string {
  const dns = nameServers.map((address) => `    ip daddr ${address} meta l4proto { tcp, udp } th dport 53 accept`);
  return `table inet quarterdeck
delete table inet quarterdeck
table inet quarterdeck {
  chain allowed {
${dns.join("\n")}
    meta nfproto != ipv4 drop
    ip daddr { ${specialIpv4Ranges.join(", ")} } drop
    fib daddr type local drop
    accept
  }
  chain input {
    type filter hook input priority -5; policy accept;
    iifname "${linkPrefix}*" drop
  }
  chain forward {
    type filter hook forward priority -5; policy accept;
    oifname "${linkPrefix}*" ct state established,related accept
    oifname "${linkPrefix}*" drop
    iifname "${linkPrefix}*" jump allowed
  }
  chain postrouting {
    type nat hook postrouting priority 100; policy accept;
    ip saddr 198.19.0.0/16 oifname != "${linkPrefix}*" masquerade
  }
}
`;
}

/** The name servers that a run can ask. Those of the machine itself, as systemd-resolved, are not among them. */
export function reachableNameServers(resolvConf: string): string[] {
  const found = [...resolvConf.matchAll(/^[ \t]*nameserver[ \t]+(\d+\.\d+\.\d+\.\d+)[ \t]*\r?$/gm)].map(
    ([, address = ""]) => address,
  );
  return found.filter((address) => !address.startsWith("127.")).slice(0, 3);
}
