import { runTool } from "./run-tool.ts";

/** A limit that `tc` says an interface has, in bytes per second. */
export interface BandwidthReading {
  readonly actual: number | null;
  readonly source: string;
}

const bitsPerByte = 8;
/** How much may go at once: enough for the timer of the slowest kernel, and a packet. */
const burstSeconds = 0.01;
const leastBurstBytes = 16 * 1024;

/** The options of `tc` that hold what leaves an interface to an amount. */
export function tokenBucket(bytesPerSecond: number): string[] {
  const burst = Math.max(leastBurstBytes, Math.ceil(bytesPerSecond * burstSeconds));
  return ["tbf", "rate", `${bytesPerSecond * bitsPerByte}bit`, "burst", String(burst), "latency", "50ms"];
}

/** The rate in the answer of `tc -j qdisc show`. */
export function parseTokenBucket(json: string): number | null {
  const disciplines = JSON.parse(json) as { kind?: string; root?: boolean; options?: { rate?: number } }[];
  // Here tc answers in bytes.
  return disciplines.find(({ kind, root }) => kind === "tbf" && root === true)?.options?.rate ?? null;
}

/**
 * Holds what leaves a network interface to an amount, and reads back what the kernel says.
 *
 * @param name an interface of a project alone: where a sandbox has a pair of them, the end outside holds what comes in
 * @param bytesPerSecond null: no limit
 * @param namespace the network namespace that it is in; null: the machine's own
 */
export async function limitBandwidth(
  name: string,
  bytesPerSecond: number | null,
  namespace: string | null = null,
): Promise<BandwidthReading> {
  const within = namespace === null ? [] : ["-n", namespace];
  const tc = (args: string[], options?: { mayFail: boolean }) => runTool("tc", [...within, ...args], options);
  if (bytesPerSecond === null) await tc(["qdisc", "del", "dev", name, "root"], { mayFail: true });
  else await tc(["qdisc", "replace", "dev", name, "root", ...tokenBucket(Math.max(1, bytesPerSecond))]);
  const { stdout } = await tc(["-j", "qdisc", "show", "dev", name]);
  return {
    actual: parseTokenBucket(stdout),
    source: `tc ${within.join(" ")} qdisc show dev ${name}`.replace("  ", " "),
  };
}

/** Both ends of a workspace's link: what leaves the end outside comes in, what leaves the end inside goes out. */
export async function limitLink(
  { name, inside }: { readonly name: string; readonly inside: string },
  bytesPerSecond: number | null,
): Promise<BandwidthReading> {
  const [incoming, outgoing] = [
    await limitBandwidth(name, bytesPerSecond),
    await limitBandwidth(inside, bytesPerSecond, name),
  ];
  const { actual: comesIn } = incoming;
  const { actual: goesOut } = outgoing;
  const actual = comesIn === null || goesOut === null ? null : Math.max(comesIn, goesOut);
  return { actual, source: `${incoming.source} and ${outgoing.source}` };
}
