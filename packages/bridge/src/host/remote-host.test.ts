import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, it } from "vitest";
import { helperProtocol } from "./host-verbs.ts";
import { RemoteHost } from "./remote-host.ts";

it("a helper of another version is not spoken with, and it is said what brings both to one", async () => {
  const folder = mkdtempSync(join(tmpdir(), "qd-remote-"));
  const socketPath = join(folder, "helper.sock");
  const theirs = helperProtocol + 1;
  const verbs: string[] = [];
  const server = createServer((socket) => {
    socket.on("error", () => undefined);
    socket.on("data", (data) => {
      const { id, verb } = JSON.parse(data.toString()) as { id: number; verb: string };
      verbs.push(verb);
      socket.write(`${JSON.stringify({ id, answer: { protocol: theirs, somethingNew: true } })}\n`);
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
  try {
    await host.open(20_000);
    expect(host.facts).toMatchObject({ isolation: "missing", programs: [] });
    const reason = `the helper speaks version ${theirs} of their language and the bridge ${helperProtocol}`;
    expect(host.facts.reason).toContain(reason);
    expect(offered).toEqual([expect.stringContaining("run the installer again")]);
    expect(verbs).toEqual(["facts"]);
  } finally {
    host.close();
    server.close();
    rmSync(folder, { recursive: true });
  }
});
