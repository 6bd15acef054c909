import { existsSync, mkdirSync, readFileSync, rmdirSync, statSync, writeFileSync } from "node:fs";
import type { OrgId } from "@quarterdeck/core/ids";
import { auditHeadSchema, heldHeadSchema, type HeldHead } from "@quarterdeck/core/protocol/audit-head";
import { openSigned, sha256Base64Url, signText, type SignedText } from "@quarterdeck/core/protocol/signing";
import { describe, expect, it } from "vitest";
import { FaultyBridge } from "./faulty-bridge.ts";
import { newId, newKey } from "./fake-platform.ts";
import { type FakeRelay } from "./fake-relay.ts";
import { RealBridge } from "./real-bridge.ts";

interface Wish {
  readonly orgId?: OrgId;
  readonly key?: CryptoKey;
  readonly chain?: string;
}

/** A head of a chain; chains of other names have other hashes. */
async function headOf(relay: FakeRelay, seq: number, { orgId = relay.platform.orgId, key, chain = "" }: Wish = {}) {
  const body = auditHeadSchema.parse({ v: 1, orgId, seq, hash: await sha256Base64Url(`${chain} ${seq}`) });
  return signText(key ?? relay.platform.current.privateKey, "auditHead", JSON.stringify(body));
}

const bare = (text: SignedText) => {
  const { seq, hash } = auditHeadSchema.parse(JSON.parse(text.signed));
  return { seq, hash };
};

/** Waits for the bridge's nth word, and opens it as the API does. */
async function word(relay: FakeRelay, nth: number): Promise<{ body: HeldHead; told: SignedText[] }> {
  const frames = () => relay.frames.filter((frame) => frame.type === "heldHeads");
  await relay.changes.until(() => frames().length >= nth, `word ${nth} of the bridge`);
  const frame = frames()[nth - 1];
  if (!frame) throw new Error("no word came");
  const opened = await openSigned(frame.held, {
    keys: [relay.platform.bridgeKey],
    domain: "heldHead",
    schema: heldHeadSchema,
  });
  if (!opened.ok) throw new Error(opened.error.message);
  expect(opened.value).toMatchObject({ serverId: relay.platform.serverId, orgId: relay.platform.orgId });
  return { body: opened.value, told: frame.told };
}

describe("a head of the audit", () => {
  it("is made durable and countersigned, with the one before it, and said again by the next start [E2]", async () => {
    await using bridge = await RealBridge.start();
    const { relay, data } = bridge;
    const [first, second] = [await headOf(relay, 3), await headOf(relay, 7)];
    relay.sendAuditHead(first);
    expect(await word(relay, 1)).toMatchObject({ body: { holds: bare(first), also: null }, told: [first] });
    expect(JSON.parse(readFileSync(data.auditHeadsFile, "utf8"))).toEqual({ newest: first, before: null });
    expect(statSync(data.auditHeadsFile).mode & 0o777).toBe(0o600);
    relay.sendAuditHead(second);
    expect(await word(relay, 2)).toMatchObject({
      body: { holds: bare(second), also: bare(first) },
      told: [second, first],
    });
    await bridge.end("SIGKILL");
    bridge.begin();
    expect(await word(relay, 3)).toMatchObject({
      body: { holds: bare(second), also: bare(first) },
      told: [second, first],
    });
    relay.cut();
    expect(await word(relay, 4)).toMatchObject({ body: { holds: bare(second) } });
  });

  it("that goes back, or says otherwise, is refused and reported with both signatures, and what is held stays [E2]", async () => {
    await using bridge = await RealBridge.start();
    const { relay } = bridge;
    const held = await headOf(relay, 7);
    relay.sendAuditHead(held);
    await word(relay, 1);
    const [older, other] = [await headOf(relay, 6), await headOf(relay, 7, { chain: "another" })];
    relay.sendAuditHead(older);
    expect(await word(relay, 2)).toMatchObject({ body: { holds: bare(held), also: bare(older) }, told: [held, older] });
    relay.sendAuditHead(other);
    expect(await word(relay, 3)).toMatchObject({ body: { holds: bare(held), also: bare(other) }, told: [held, other] });
    expect(bridge.log).toContain("the platform takes back what its audit said");
    await bridge.end("SIGKILL");
    bridge.begin();
    expect(await word(relay, 4)).toMatchObject({ body: { holds: bare(held), also: null } });
  });

  it("that the platform did not sign, or of another org, or that is none, changes nothing and is not answered [E2] [W2]", async () => {
    await using bridge = await RealBridge.start();
    const { relay, data } = bridge;
    const good = await headOf(relay, 3);
    relay.sendAuditHead(await headOf(relay, 5, { key: (await newKey()).privateKey }));
    relay.sendAuditHead({ ...good, signed: good.signed.replace('"seq":3', '"seq":4') });
    relay.sendAuditHead(await headOf(relay, 6, { orgId: newId("org") as OrgId }));
    relay.sendAuditHead(await signText(relay.platform.current.privateKey, "ticket", good.signed));
    relay.sendAuditHead(
      await signText(relay.platform.current.privateKey, "auditHead", JSON.stringify({ v: 1, seq: 9 })),
    );
    relay.sendAuditHead(good);
    expect((await word(relay, 1)).body.holds.seq).toBe(3);
    expect(bridge.log.match(/does not count/g)).toHaveLength(5);
    expect(JSON.parse(readFileSync(data.auditHeadsFile, "utf8"))).toEqual({ newest: good, before: null });
  });

  it("is vouched for only once it is on the disk, whenever the bridge is killed [E2] [F4]", async () => {
    await using faulty = await FaultyBridge.start();
    const { bridge } = faulty;
    const { relay } = bridge;
    const words = () => relay.frames.filter(({ type }) => type === "heldHeads").length;
    const dieAt = async (moment: string, text: SignedText) => {
      faulty.killAt(moment);
      relay.sendAuditHead(text);
      await relay.changes.until(() => faulty.wasKilled && bridge.hasEnded && !relay.isOnline, moment);
    };
    const [first, second] = [await headOf(relay, 3), await headOf(relay, 4)];
    await dieAt("before audit-heads", first);
    expect(words()).toBe(0);
    bridge.begin();
    await relay.untilOnline();
    await dieAt("after audit-heads", first);
    expect(words()).toBe(0);
    bridge.begin();
    expect((await word(relay, 1)).body.holds).toEqual(bare(first));
    await dieAt("heldHeads sent", second);
    bridge.begin();
    expect((await word(relay, 3)).body).toMatchObject({ holds: bare(second), also: bare(first) });
  });

  it("that cannot be written is not vouched for, and the bridge goes on with its work [F8]", async () => {
    await using bridge = await RealBridge.start();
    const { relay, data } = bridge;
    mkdirSync(data.auditHeadsFile);
    relay.sendAuditHead(await headOf(relay, 3));
    await relay.changes.until(() => bridge.log.includes("could not be kept"), "the log");
    const echo = { action: "exec", params: { program: "echo", args: ["x"] } } as const;
    expect(await relay.run(echo)).toMatchObject({ verdict: "succeeded" });
    expect(relay.frames.some(({ type }) => type === "heldHeads")).toBe(false);
    rmdirSync(data.auditHeadsFile);
    const next = await headOf(relay, 4);
    relay.sendAuditHead(next);
    expect((await word(relay, 1)).body).toMatchObject({ holds: bare(next), also: null });
  });

  it("is not forgotten for a damaged file without a word: it is put aside and said in the log [F8]", async () => {
    await using bridge = await RealBridge.start();
    const { relay, data } = bridge;
    relay.sendAuditHead(await headOf(relay, 3));
    await word(relay, 1);
    await bridge.end("SIGKILL");
    writeFileSync(data.auditHeadsFile, '{"newest":');
    bridge.begin();
    await relay.untilOnline();
    const next = await headOf(relay, 4);
    await relay.changes.until(() => relay.epoch === 2 && relay.isOnline, "the connection");
    relay.sendAuditHead(next);
    expect(await word(relay, 2)).toMatchObject({ body: { holds: bare(next), also: null } });
    expect(bridge.log).toContain("is put aside");
    expect(existsSync(`${data.auditHeadsFile}.damaged`)).toBe(true);
  });
});
