import { once } from "node:events";
import { mkdtempSync, rmSync } from "node:fs";
import { connect } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { createEgressProxy } from "../../../packages/bridge/src/sandbox/network/egress-proxy.ts";
import { noMeter } from "../../../packages/bridge/src/sandbox/network/egress-meter.ts";
import { mustHold, type FuzzTarget } from "../fuzz-target.ts";

/** Nothing listens there: what may be reached is looked for, and is not found. */
const closedPort = 1;
const hosts = [`good.example:${closedPort}`, `*.sub.example:${closedPort}`];
const isListed = (host: string) => /^(?:good\.example|[a-z0-9_.-]+\.sub\.example)$/.test(host);
const asked: string[] = [];
let socketPath: Promise<string> | undefined;

async function startProxy(): Promise<string> {
  const folder = mkdtempSync(join(tmpdir(), "quarterdeck-fuzz-"));
  process.on("exit", () => rmSync(folder, { recursive: true, force: true }));
  const path = join(folder, "egress.sock");
  const resolve = async (host: string) => {
    asked.push(host);
    return ["127.0.0.1"];
  };
  const proxy = createEgressProxy({ hosts, mayReach: () => true, resolve, meter: noMeter }).listen(path);
  await once(proxy, "listening");
  proxy.unref();
  return path;
}

async function answerTo(text: string): Promise<string> {
  asked.length = 0;
  const socket = connect(await (socketPath ??= startProxy()));
  let answer = "";
  socket.setEncoding("latin1").on("data", (data: string) => (answer += data));
  socket.on("error", () => undefined); // Cut off; its end is seen by `close`.
  await once(socket, "connect");
  socket.end(Buffer.from(text, "latin1"));
  await once(socket, "close");
  return answer;
}

/** What a run says to the proxy that leads to some hosts (`egress.mjs`): it asks for no other, whatever comes, and goes on. */
export const egressRequest: FuzzTarget = {
  name: "egress-request",
  grammar: "text",
  shapes: [{ name: "egress-request", isOne: async (text) => (await answerTo(text)).startsWith("HTTP/1.1 502 ") }],
  async check(text) {
    const answer = await answerTo(text);
    mustHold(asked.every(isListed), `the proxy looked for ${asked.join(", ")}`);
    mustHold(
      /^$|^HTTP\/1\.1 (?:100|400|403|408|417|431|502) /.test(answer),
      `the proxy let something through: ${answer}`,
    );
  },
};
