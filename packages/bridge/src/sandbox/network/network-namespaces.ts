import { execFileSync } from "node:child_process";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { findProgram } from "../../drivers/search-path.ts";
import {
  firewallRules,
  insideLink,
  makeNetworkCommands,
  reachableNameServers,
  workspaceNetwork,
  type NetworkCommand,
} from "./workspace-network.ts";

const namespaceFolder = "/run/netns";
const forwarding = "/proc/sys/net/ipv4/ip_forward";
/** With systemd-resolved the first names itself only, and the second those that it asks. */
const resolvFiles = ["/etc/resolv.conf", "/run/systemd/resolve/resolv.conf"];
const commandTimeoutMs = 10_000;

/** What makes the networks of this machine's workspaces. Only root can, and it changes the machine's own network. */
export class NetworkNamespaces {
  readonly #programs: Readonly<Record<NetworkCommand["program"] | "nsenter", string>>;
  /** What runs in them have as their /etc/resolv.conf. */
  readonly resolvFile: string;

  private constructor(programs: Readonly<Record<NetworkCommand["program"] | "nsenter", string>>, resolvFile: string) {
    this.#programs = programs;
    this.resolvFile = resolvFile;
  }

  /** Sets up the firewall. Throws, and says why, where this machine cannot do it. */
  static open(folders: readonly string[], folder: string): NetworkNamespaces {
    const find = (name: string): string => {
      const path = findProgram(name, folders);
      if (path === undefined) throw new Error(`${name} is not installed`);
      return path;
    };
    const programs = { ip: find("ip"), nft: find("nft"), nsenter: find("nsenter") };
    const nameServers = [...new Set(resolvFiles.flatMap((path) => readServers(path)))];
    const resolvFile = join(folder, "resolv.conf");
    writeFileSync(resolvFile, nameServers.map((address) => `nameserver ${address}\n`).join(""), { mode: 0o644 });
    const networks = new NetworkNamespaces(programs, resolvFile);
    networks.#run({ program: "nft", args: ["-f", "-"], input: firewallRules(nameServers) });
    // Before this, no packet of a run goes anywhere; the firewall is there first.
    if (readFileSync(forwarding, "utf8").trim() !== "1") writeFileSync(forwarding, "1");
    return networks;
  }

  /** What starts a program in the network of a workspace, which is made when it is not there. */
  enter(index: number): string[] {
    const network = workspaceNetwork(index);
    const path = join(namespaceFolder, network.name);
    if (!existsSync(path)) this.#make(index);
    return [this.#programs.nsenter, `--net=${path}`, "--"];
  }

  /** The link of a workspace's network, which is made when it is not there: its limits are the link's. */
  link(index: number): { readonly name: string; readonly inside: string } {
    this.enter(index);
    return { name: workspaceNetwork(index).name, inside: insideLink };
  }

  #make(index: number): void {
    try {
      for (const command of makeNetworkCommands(workspaceNetwork(index))) this.#run(command);
    } catch (error) {
      // Half a network would be taken for a whole one the next time.
      this.#remove(index);
      throw error;
    }
  }

  /** Its link goes with it. */
  #remove(index: number): void {
    const { name } = workspaceNetwork(index);
    if (existsSync(join(namespaceFolder, name))) this.#run({ program: "ip", args: ["netns", "delete", name] });
  }

  #run({ program, args, input }: NetworkCommand): void {
    const settings = { env: {}, timeout: commandTimeoutMs, ...(input === undefined ? {} : { input }) };
    execFileSync(this.#programs[program], args, { ...settings, stdio: ["pipe", "ignore", "pipe"] });
  }
}

function readServers(path: string): string[] {
  return existsSync(path) ? reachableNameServers(readFileSync(path, "utf8")) : [];
}
