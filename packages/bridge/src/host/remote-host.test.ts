import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { helperProtocol } from "./host-verbs.ts";
import { RemoteHost } from "./remote-host.ts";

/** A helper that gives one answer to whatever it is asked, and a host that asks it. */
async function meet(answer: object) {
  const folder = mkdtempSync(join(tmpdir(), "qd-remote-"));
  const socketPath = join(folder, "helper.sock");
  const verbs: string[] = [];
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (data) => {
      const { id, verb } = JSON.parse(data.toString()) as { id: number; verb: string };
      verbs.push(verb);
      socket.write(`${JSON.stringify({ id, answer })}\n`);
    });
  });
  server.listen(socketPath);
  await once(server, "listening");
  const offered: string[] = [];
  const host: RemoteHost = new RemoteHost({
    socketPath,
    helperPath: join(folder, "helper"),
    statementsFile: join(folder, "statements.json"),
    onEvidence: () => undefined,
    onFacts: () => offered.push(host.facts.driverReason),
    log: { info: () => undefined, warn: () => undefined, error: () => undefined },
  });
  await host.open(20_000);
  return {
    host,
    verbs,
    offered,
    [Symbol.dispose]() {
      host.close();
      server.close();
      rmSync(folder, { recursive: true });
    },
  };
}

it("a helper of another version is not spoken with, and it is said what brings both to one", async () => {
  const theirs = helperProtocol + 1;
  using met = await meet({ protocol: theirs, somethingNew: true });
  const { host, offered, verbs } = met;
  expect(host.facts).toMatchObject({ isolation: "missing", programs: [] });
  const reason = `the helper speaks version ${theirs} of their language and the bridge ${helperProtocol}`;
  expect(host.facts.reason).toContain(reason);
  expect(offered).toEqual([expect.stringContaining("run the installer again")]);
  expect(verbs).toEqual(["facts"]);
});

it("a helper says which actions and features it knows, and what it says besides is passed over", async () => {
  const facts = {
    isolation: "hidden",
    reason: null,
    sandbox: { reason: null, workspaceUsers: true, network: "own", networkReason: null },
    driver: "systemd",
    driverReason: "systemd is there.",
    limited: ["cpu"],
    programs: ["git"],
    actions: ["exec"],
    features: ["leases"],
  };
  using met = await meet({ protocol: helperProtocol, keysVersion: 1, ...facts, somethingNew: true });
  expect(met.host.facts).toEqual(facts);
});
