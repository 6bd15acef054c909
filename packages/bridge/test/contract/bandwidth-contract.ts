import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { limitBandwidth, limitLink, parseTokenBucket } from "../../src/drivers/bandwidth.ts";
import { runTool } from "../../src/drivers/run-tool.ts";
import { insideLink } from "../../src/sandbox/network/workspace-network.ts";

/** What holds an interface to a bandwidth, tried on one that leads nowhere. Root only, and never on somebody's own machine. */
export const bandwidthContract: readonly { readonly name: string; readonly check: () => Promise<void> }[] = [
  {
    name: "holds an interface to a bandwidth, and lets it go, by what the kernel says",
    async check() {
      const name = `qdtest${randomBytes(3).toString("hex")}`;
      await runTool("ip", ["link", "add", name, "type", "dummy"]);
      try {
        assert.equal((await limitBandwidth(name, 1_000_000)).actual, 1_000_000);
        assert.equal((await limitBandwidth(name, 250_000)).actual, 250_000);
        assert.equal((await limitBandwidth(name, null)).actual, null);
        assert.equal((await limitBandwidth(name, null)).actual, null);
      } finally {
        await runTool("ip", ["link", "del", name]);
      }
    },
  },
  {
    name: "holds both ways of a workspace's link, and says the weaker of what the kernel says of its ends",
    async check() {
      const name = `qdtest${randomBytes(3).toString("hex")}`;
      const link = { name, inside: insideLink };
      await runTool("ip", ["netns", "add", name]);
      try {
        await runTool("ip", ["link", "add", name, "type", "veth", "peer", "name", insideLink, "netns", name]);
        assert.equal((await limitLink(link, 1_000_000)).actual, 1_000_000);
        await limitBandwidth(insideLink, 3_000_000, name);
        const { stdout } = await runTool("tc", ["-n", name, "-j", "qdisc", "show", "dev", insideLink]);
        assert.equal(parseTokenBucket(stdout), 3_000_000);
        assert.equal((await limitLink(link, 250_000)).actual, 250_000);
        assert.equal((await limitLink(link, null)).actual, null);
      } finally {
        await runTool("ip", ["netns", "delete", name]);
      }
    },
  },
];
