import { afterAll, beforeAll, beforeEach, describe, expect, it } from "vitest";
import type { WebSocket } from "ws";
import type { FakeRelay } from "./fake-relay.ts";
import { RealBridge } from "./real-bridge.ts";

let bridge: RealBridge;
let relay: FakeRelay;
beforeAll(async () => {
  bridge = await RealBridge.start();
  relay = bridge.relay;
});
// Each case begins with a bridge that nobody has refused yet.
beforeEach(async () => {
  await bridge.end("SIGKILL");
  relay.impostor = undefined;
  relay.welcomeChanges = {};
  bridge.log = "";
  bridge.begin();
  await relay.changes.until(() => bridge.log.includes('"connected"'), "the next process");
  bridge.log = "";
});
afterAll(() => bridge[Symbol.asyncDispose]());

/** What the bridge said when it lost its connections, newest last; the first is the genuine one's. */
function losses(): { closeCode: number; retryInMs: number | null }[] {
  const lines = bridge.log.split("\n").filter((line) => line.includes('"not connected"') && line.endsWith("}"));
  return lines.map((line) => JSON.parse(line) as { closeCode: number; retryInMs: number | null });
}

const refusal = (retryAfterMs: number) =>
  JSON.stringify({ type: "refuse", code: "RATE_LIMITED", message: "later", retryAfterMs });

/** Somebody takes the genuine relay's place. Waits until the bridge has met them. */
async function meets(impostor: (socket: WebSocket) => void): Promise<{ closeCode: number; retryInMs: number | null }> {
  relay.impostor = impostor;
  relay.cut();
  return relay.changes.until(() => losses()[1], "the end of a connection with the impostor");
}

describe("whoever answers in the relay's place and proves nothing", () => {
  it.each<[string, (socket: WebSocket) => void]>([
    ["at once", (socket) => socket.close(4009)],
    [
      "after a recorded challenge and the hello",
      (socket) => {
        socket.once("message", () => socket.close(4009));
        socket.send(relay.handshakes[0]?.challenge ?? "");
      },
    ],
    [
      "behind a welcome that is not genuine",
      (socket) => {
        socket.once("message", () => {
          socket.send(relay.handshakes[0]?.welcome ?? "");
          socket.close(4009);
        });
        socket.send(relay.handshakes[0]?.challenge ?? "");
      },
    ],
  ])("does not stop a bridge with 4009 %s: it works on when they are gone [W4]", async (_, impostor) => {
    const { epoch } = relay;
    await meets(impostor);
    relay.impostor = undefined;
    await relay.changes.until(() => relay.epoch > epoch && relay.isOnline, "the return");
    expect(await relay.run({ action: "exec", params: { program: "true", args: [] } })).toMatchObject({
      verdict: "succeeded",
    });
    expect(bridge.log).not.toContain("taken over");
  });

  it("sends it away with 4403 for a minute, not for a quarter of an hour [W4]", async () => {
    expect(await meets((socket) => socket.close(4403))).toMatchObject({ closeCode: 4403, retryInMs: 60_000 });
  });

  it("sends it away for a minute with the longest refusal there is [W4]", async () => {
    const met = await meets((socket) => {
      socket.send(refusal(900_000));
      socket.close(4429);
    });
    expect(met).toMatchObject({ closeCode: 4429, retryInMs: 60_000 });
  });

  it("neither sends it away for weeks nor makes it come back at once, again and again [W4]", async () => {
    const met = await meets((socket) => {
      socket.send(refusal(2 ** 31));
      socket.close(4429);
    });
    expect(met.closeCode).toBe(4400);
    expect(met.retryInMs).toBeLessThanOrEqual(60_000);
  });
});

describe("a certified relay", () => {
  it.each([{ heartbeatMs: 2 ** 31 }, { spreadMs: 2 ** 31 }])(
    "that asks in its welcome for %o is left, and asked again soon [W4]",
    async (changes) => {
      relay.welcomeChanges = changes;
      relay.cut();
      const met = await relay.changes.until(() => losses()[1], "the end of that connection");
      expect(met.closeCode).toBe(4400);
      expect(met.retryInMs).toBeLessThanOrEqual(60_000);
      expect(bridge.log).not.toContain('"connected"');
    },
  );
});
