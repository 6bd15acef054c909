import { makeId } from "@quarterdeck/core/ids";
import { EgressLedger } from "../../../packages/bridge/src/sandbox/network/egress-ledger.ts";
import { LineParser } from "../../../packages/bridge/src/sandbox/network/meter-lines.ts";
import { proxyLineSchema } from "../../../packages/bridge/src/sandbox/network/proxy-line.ts";
import { burstOf } from "../../../packages/bridge/src/sandbox/network/token-bucket.ts";
import { mustHold, type FuzzTarget } from "../fuzz-target.ts";

const workspaceId = makeId("workspace", 1, new Uint8Array(16));
const path = { workspaceId, projectId: null };
const bytesPerSecond = 50_000;
const stepMs = 10;

/** What a proxy says, also one that somebody took over: whatever it is, it gets no more than its limit. */
export const egressLines: FuzzTarget = {
  name: "egress-lines",
  grammar: "json",
  check(text) {
    let granted = 0;
    let nowMs = 0;
    const ledger = new EgressLedger({
      say: (_proxy, line) => void (granted += "grant" in line ? line.bytes : 0),
      onChange: () => undefined,
    });
    ledger.setLimit(path, bytesPerSecond, nowMs);
    ledger.join("proxy", path);
    const parser = new LineParser((line) => proxyLineSchema.parse(line));
    try {
      // One line of JSON after another, as they come over the socket.
      const said = (JSON.parse(text) as unknown[]).map((line) => `${JSON.stringify(line)}\n`).join("");
      for (const line of parser.read(said)) {
        ledger.hear("proxy", line, nowMs);
        ledger.grant((nowMs += stepMs));
      }
    } catch {
      ledger.leave("proxy"); // It is cut off.
    }
    ledger.grant((nowMs += stepMs));
    // Each way has the limit for itself.
    const most = 2 * (burstOf(bytesPerSecond) + (bytesPerSecond * nowMs) / 1000);
    mustHold(granted <= most, "a proxy got more than its limit");
    const { received, sent } = ledger.standing(path).counted;
    mustHold(received >= 0 && sent >= 0, "less than nothing was counted");
  },
};
