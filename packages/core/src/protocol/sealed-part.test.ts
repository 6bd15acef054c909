import { beforeAll, expect, test } from "vitest";
import type { SecretInput } from "../actions/secret-input.ts";
import { fromBase64Url, toBase64Url } from "../base64.ts";
import { makeId } from "../ids.ts";
import { generateSealingKey, importSealingKey, type SealingKey, type StoredSealingKey } from "./hpke.ts";
import {
  contentOwner,
  joinSealedPart,
  openSecretInput,
  openStreamKey,
  sealSecretInput,
  sealStreamKey,
  splitSealedPart,
} from "./sealed-part.ts";

const id = <K extends Parameters<typeof makeId>[0]>(kind: K, number = 1) =>
  makeId(kind, number, new Uint8Array(16).fill(number));
const ids = {
  serverId: id("server"),
  commandId: id("command"),
  runId: id("run"),
  attempt: 1,
  projectId: id("project"),
  workspaceId: id("workspace"),
};
const streamKey = { epoch: 3, key: "k".repeat(43) };
const input = { environment: { TOKEN: "hush" }, stdin: "words" };
const refused = { ok: false, error: { code: "SEALED_PART_INVALID" } };

let stored: StoredSealingKey;
let key: SealingKey;
let foreignKey: SealingKey;
beforeAll(async () => {
  stored = await generateSealingKey();
  key = await importSealingKey(stored);
  foreignKey = await importSealingKey(await generateSealingKey());
});

test("a bridge opens what was sealed for it, and only that one does", async () => {
  const sealedKey = await sealStreamKey(streamKey, stored.publicKey, ids);
  const sealedInput = await sealSecretInput(input, stored.publicKey, ids);
  const parts = splitSealedPart(joinSealedPart({ streamKey: sealedKey, secretInput: sealedInput }));
  expect(await openStreamKey(parts.streamKey, key, ids)).toEqual({ ok: true, value: streamKey });
  expect(await openSecretInput(parts.secretInput ?? "", key, ids)).toEqual({ ok: true, value: input });
  expect(await openStreamKey(sealedKey, foreignKey, ids)).toMatchObject(refused);
  expect(await openSecretInput(sealedInput, foreignKey, ids)).toMatchObject(refused);
  expect(splitSealedPart(joinSealedPart({ streamKey: sealedKey, secretInput: null }))).toEqual({
    streamKey: sealedKey,
    secretInput: null,
  });
});

test("with any one bit flipped it is refused [W4]", async () => {
  const bytes = fromBase64Url(await sealSecretInput({ stdin: "a" }, stored.publicKey, ids));
  for (let bit = 0; bit < bytes.length * 8; bit++) {
    // The highest bit of an X25519 key has no meaning (RFC 7748, section 5), but HPKE authenticates the key's bytes.
    const changed = bytes.slice();
    changed[bit >> 3]! ^= 1 << (bit & 7);
    expect(await openSecretInput(toBase64Url(changed), key, ids)).toMatchObject(refused);
  }
});

test("moved to another command, run, attempt or server it is refused [W4]", async () => {
  const sealed = await sealSecretInput(input, stored.publicKey, ids);
  const moves = [
    { serverId: id("server", 2) },
    { commandId: id("command", 2) },
    { runId: id("run", 2) },
    { attempt: 2 },
  ];
  for (const move of moves) expect(await openSecretInput(sealed, key, { ...ids, ...move })).toMatchObject(refused);
});

test("a stream key of another project or server is refused, and neither part passes for the other [W4]", async () => {
  const sealedKey = await sealStreamKey(streamKey, stored.publicKey, ids);
  const sealedInput = await sealSecretInput(input, stored.publicKey, ids);
  const moves = [{ projectId: id("project", 2) }, { projectId: null }, { serverId: id("server", 2) }];
  for (const move of moves) expect(await openStreamKey(sealedKey, key, { ...ids, ...move })).toMatchObject(refused);
  expect(await openStreamKey(sealedInput, key, ids)).toMatchObject(refused);
  expect(await openSecretInput(sealedKey, key, ids)).toMatchObject(refused);
  for (const nothing of ["", "A", "not base64url!"])
    expect(await openStreamKey(nothing, key, ids)).toMatchObject(refused);
});

test("content of another shape is refused even where it was sealed well", async () => {
  const odd = { environment: { "LD PRELOAD": "x" } } as SecretInput;
  expect(await openSecretInput(await sealSecretInput(odd, stored.publicKey, ids), key, ids)).toMatchObject(refused);
});

test("content is the project's, or the workspace's where there is no project", () => {
  expect(contentOwner(ids)).toBe(ids.projectId);
  expect(contentOwner({ ...ids, projectId: null })).toBe(ids.workspaceId);
  expect(() => contentOwner({ projectId: null, workspaceId: null })).toThrow(TypeError);
});
