import { fromBase64, toBase64, toBase64Url } from "@quarterdeck/core/base64";
import { makeId, type RunId } from "@quarterdeck/core/ids";
import { deriveContentKey, sealContent, type ContentKey } from "@quarterdeck/core/protocol/content-sealing";
import { expect, test } from "vitest";
import { PieceOpener, type RunKeys } from "./piece-opener.ts";
import type { SealedPiece, ViewerEvent } from "./session/viewer-events.ts";

const runs = [1, 2].map((number) => makeId("run", number, new Uint8Array(16).fill(number))) as [RunId, RunId];

function keyOf(runId: RunId, epoch = 1): Promise<ContentKey> {
  return deriveContentKey({ epoch, key: toBase64Url(new Uint8Array(32).fill(epoch)) }, runId);
}

async function sealed(runId: RunId, text: string, { offset = 0, epoch = 1 } = {}): Promise<SealedPiece> {
  const options = { contentKey: await keyOf(runId, epoch), nonce: crypto.getRandomValues(new Uint8Array(12)) };
  const clear = new TextEncoder().encode(text);
  const data = await sealContent(clear, { runId, place: { kind: "output", offset, isEnd: false } }, options);
  return { offset, data, isEnd: false };
}

/** An opener, and what it says: text where a piece was opened, the reason where it was not. */
function makeOpener(fetchKeys: (runId: RunId) => Promise<RunKeys> = async () => []) {
  const said: string[] = [];
  let onSaid = () => {};
  const opener = new PieceOpener({
    fetchKeys,
    onEvent(event: ViewerEvent) {
      if (event.type === "piece") said.push(new TextDecoder().decode(event.piece.bytes));
      if (event.type === "unreadable") said.push(`unreadable: ${event.reason}`);
      onSaid();
    },
  });
  const until = async (count: number) => {
    while (said.length < count) await new Promise<void>((resolve) => (onSaid = resolve));
    return said;
  };
  return { opener, until };
}

test("pieces of a run come out opened and in the order in which they came", async () => {
  const { opener, until } = makeOpener();
  opener.addKeys([{ runId: runs[0], keys: [await keyOf(runs[0])] }]);
  const texts = Array.from({ length: 50 }, (_, n) => `${n} `.repeat(n * 50));
  let offset = 0;
  for (const piece of await Promise.all(
    texts.map((text) => {
      const at = offset;
      offset += text.length;
      return sealed(runs[0], text, { offset: at });
    }),
  ))
    opener.open(runs[0], piece);
  expect(await until(texts.length)).toEqual(texts);
});

test("what comes behind pieces waits until they are opened, and not where there are none", async () => {
  const { opener, until } = makeOpener();
  opener.addKeys([{ runId: runs[0], keys: [await keyOf(runs[0])] }]);
  const said = await until(0);
  const [a, b] = [await sealed(runs[0], "a"), await sealed(runs[0], "b", { offset: 1 })];
  opener.open(runs[0], a);
  opener.afterPieces(runs[0], () => said.push("behind a"));
  opener.open(runs[0], b);
  opener.afterPieces(runs[1], () => said.push("of another run"));
  expect(said).toEqual(["of another run"]);
  expect(await until(4)).toEqual(["of another run", "a", "behind a", "b"]);
});

test("a key of a new epoch is asked for, once", async () => {
  const asked: RunId[] = [];
  const { opener, until } = makeOpener(async (runId) => {
    asked.push(runId);
    return [{ runId, keys: [await keyOf(runId, 1), await keyOf(runId, 2)] }];
  });
  opener.addKeys([{ runId: runs[0], keys: [await keyOf(runs[0], 1)] }]);
  opener.open(runs[0], await sealed(runs[0], "a", { epoch: 2 }));
  opener.open(runs[0], await sealed(runs[0], "b", { offset: 1, epoch: 2 }));
  expect(await until(2)).toEqual(["a", "b"]);
  expect(asked).toEqual([runs[0]]);
});

test("what was changed, moved, or has no key is said to be unreadable, never dropped [W4]", async () => {
  const { opener, until } = makeOpener();
  opener.addKeys(await Promise.all(runs.map(async (runId) => ({ runId, keys: [await keyOf(runId)] }))));
  const piece = await sealed(runs[0], "secret");
  const bytes = fromBase64(piece.data);
  bytes[bytes.length - 1]! ^= 1;
  opener.open(runs[0], { ...piece, data: toBase64(bytes) });
  opener.open(runs[0], { ...piece, offset: 1 });
  opener.open(runs[0], { ...piece, isEnd: true });
  opener.open(runs[1], piece);
  opener.open(runs[0], await sealed(runs[0], "secret", { epoch: 3 }));
  opener.open(runs[0], { ...piece, data: "AAAA" });
  expect((await until(6)).map((text) => text.slice(0, 11))).toEqual(Array(6).fill("unreadable:"));
});

test("keys that cannot be had are a reason, too", async () => {
  const { opener, until } = makeOpener(() => Promise.reject(new Error("the platform is away")));
  opener.open(runs[0], await sealed(runs[0], "x"));
  expect(await until(1)).toEqual(["unreadable: the platform is away"]);
});
