import { expect, it } from "vitest";
import { firewallRules, makeNetworkCommands, reachableNameServers, workspaceNetwork } from "./workspace-network.ts";

it("each workspace has addresses and names of its own", () => {
  const all = Array.from({ length: 4096 }, (_, index) => workspaceNetwork(index));
  expect(new Set(all.flatMap(({ hostAddress, runAddress, name }) => [hostAddress, runAddress, name])).size).toBe(
    3 * 4096,
  );
  expect(workspaceNetwork(0)).toEqual({ name: "qdnet0", hostAddress: "198.19.0.1", runAddress: "198.19.0.2" });
  expect(workspaceNetwork(4095)).toEqual({
    name: "qdnet4095",
    hostAddress: "198.19.63.253",
    runAddress: "198.19.63.254",
  });
  // The machine's default route and addresses are left as they are.
  const onTheMachine = makeNetworkCommands(workspaceNetwork(7)).filter(
    ({ args }) => args[0] !== "-n" && args[0] !== "netns",
  );
  expect(onTheMachine.map(({ args }) => args.join(" "))).toEqual([
    "link add qdnet7 type veth peer name eth0 netns qdnet7",
    "addr add 198.19.0.29/30 dev qdnet7",
    "link set qdnet7 up",
  ]);
});

it("the firewall lets runs ask name servers, and then drops what is not public, before it lets anything through [S7]", () => {
  const lines = firewallRules(["10.0.0.2"])
    .split("\n")
    .map((line) => line.trim());
  const order = ["ip daddr 10.0.0.2 meta l4proto { tcp, udp } th dport 53 accept", "meta nfproto != ipv4 drop"];
  const allowed = lines.slice(lines.indexOf("chain allowed {") + 1);
  expect(allowed.slice(0, 2)).toEqual(order);
  expect(allowed[2]).toMatch(/^ip daddr \{ .*10\.0\.0\.0\/8.*169\.254\.0\.0\/16.*198\.18\.0\.0\/15.* \} drop$/);
  expect(allowed.slice(3, 5)).toEqual(["fib daddr type local drop", "accept"]);
  expect(lines).toContain('iifname "qdnet*" drop');
  expect(lines).toContain('oifname "qdnet*" drop');
});

it("name servers are those that another network can reach", () => {
  const resolvConf =
    "# nameserver 1.1.1.1\nnameserver 127.0.0.53\nnameserver 10.0.0.2\nnameserver 2001:db8::1\nsearch x\n";
  expect(reachableNameServers(resolvConf)).toEqual(["10.0.0.2"]);
});
