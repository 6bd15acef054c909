import type { SignedText } from "@quarterdeck/core/protocol/signing";
import { afterAll, beforeAll, expect, test } from "vitest";
import { FakeServer } from "./fake-bridge.ts";
import { eventually } from "./peer.ts";
import { orgId } from "./platform.ts";
import { RelayRuntime } from "./relay-runtime.ts";

let relay: RelayRuntime;
beforeAll(async () => {
  relay = await RelayRuntime.start();
});
afterAll(() => relay.stop());

/** A bridge's signed text: the relay looks into none of them. */
const text = (signed: string): SignedText => ({ signed, signature: "A".repeat(86) });

async function connected() {
  const server = await FakeServer.make(relay, { orgId });
  const { peer, welcome } = await server.connect();
  await peer.next("interest");
  const say = (word: object) => peer.send({ type: "evidence", epoch: welcome.epoch, ...word });
  const reported = () => relay.api.reports(server.serverId).filter(({ kind }) => kind === "evidence");
  return { peer, say, reported };
}

test("what a bridge says of its limits goes to the API as it is, in its order", async () => {
  const { say, reported } = await connected();
  const words = [text('{"items":[1]}'), text('{"items":[2]}')];
  for (const word of words) say(word);
  expect(await eventually(reported, (all) => all.length === 2)).toMatchObject(words);
});

test.each([{ signed: "{}" }, text("x".repeat(32 * 1024 + 1)), { ...text("{}"), more: 1 }])(
  "a malformed word ends the connection, and the API hears nothing of it [W1]",
  async (word) => {
    const { peer, say, reported } = await connected();
    say(word);
    expect(await peer.closed()).toMatchObject({ code: 4400 });
    expect(reported()).toEqual([]);
  },
);

test("a bridge that talks of limits without end is cut off before it fills the object's storage [W1]", async () => {
  const { peer, say, reported } = await connected();
  const large = text("x".repeat(32 * 1024));
  for (let n = 0; n < 50; n++) say(large);
  expect(await peer.closed()).toMatchObject({ code: 4429 });
  // 200 at once and 50 a second, each of them a KiB.
  expect(reported().length).toBeLessThan(20);
});
