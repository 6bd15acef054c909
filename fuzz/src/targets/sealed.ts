import { isDeepStrictEqual } from "node:util";
import { secretInputSchema } from "@quarterdeck/core/actions/secret-input";
import type { Command } from "@quarterdeck/core/protocol/command";
import { deriveContentKey, openContent } from "@quarterdeck/core/protocol/content-sealing";
import { deriveInputKey, openInput, type InputPlace } from "@quarterdeck/core/protocol/input-sealing";
import { importSealingKey, sealFor } from "@quarterdeck/core/protocol/hpke";
import { sealedEpoch } from "@quarterdeck/core/protocol/sealed-bytes";
import { openSecretInput } from "@quarterdeck/core/protocol/sealed-part";
import { sha256Base64Url } from "@quarterdeck/core/protocol/signing";
import { InputOpener } from "../../../packages/bridge/src/sealing/input-opener.ts";
import { SealedParts } from "../../../packages/bridge/src/verification/open-sealed-part.ts";
import { mustHold, type FuzzTarget } from "../fuzz-target.ts";
import {
  sampleIds,
  sampleInputPlace,
  sampleOutput,
  sampleSealingKey,
  sampleSecretInput,
  sampleStreamKey,
  sampleTyped,
} from "../sealed-samples.ts";

const parts = await SealedParts.with(sampleSealingKey);
const sealingKey = await importSealingKey(sampleSealingKey);
const contentKey = await deriveContentKey(sampleStreamKey, sampleIds.runId);
const inputKey = await deriveInputKey(sampleStreamKey, sampleIds.runId);
const inputOpener = InputOpener.of(sampleStreamKey, sampleIds.runId);
const { serverId, commandId, runId, attempt } = sampleIds;
const secretBinding = ["secretInput", serverId, commandId, runId, String(attempt)];

async function openPart(sealed: string) {
  const command = { ...sampleIds, sealedHash: await sha256Base64Url(sealed) } as unknown as Command;
  return { command, opened: await parts.open(command, { sealed }) };
}

function openPiece(sealed: string, offset: number) {
  return openContent(sealed, { runId, place: { kind: "output", offset, isEnd: false } }, [contentKey]);
}

async function openSecret(body: string) {
  const sealed = await sealFor(sampleSealingKey.publicKey, { text: body, binding: secretBinding });
  return { sealed, opened: await openSecretInput(sealed, sealingKey, sampleIds) };
}

/** A sealed part that the platform signed the hash of: it opens as what was sealed, or not at all. */
const sealedPart: FuzzTarget = {
  name: "sealed-part",
  grammar: "text",
  shapes: [{ name: "sealed-part", isOne: async (sealed) => (await openPart(sealed)).opened.ok }],
  async check(sealed) {
    const { command, opened } = await openPart(sealed);
    if (!opened.ok) return mustHold(opened.error.code === "SEALED_PART_INVALID", `refused with ${opened.error.code}`);
    mustHold(isDeepStrictEqual(opened.value?.streamKey, sampleStreamKey), "another stream key came out");
    const secretInput = opened.value?.secretInput;
    const isWhole = isDeepStrictEqual(secretInput, sampleSecretInput);
    mustHold(isWhole || isDeepStrictEqual(secretInput, {}), "another secret input came out");
    const unsigned = await parts.open(command, { sealed: `${sealed}A` });
    mustHold(!unsigned.ok, "a sealed part that nobody signed was opened");
  },
};

/** What is inside: whoever seals for the bridge may write anything into it. */
const secretInput: FuzzTarget = {
  name: "secret-input",
  grammar: "json",
  shapes: [{ name: "secret-input", isOne: async (body) => (await openSecret(body)).opened.ok }],
  async check(body) {
    const { sealed, opened } = await openSecret(body);
    if (!opened.ok) return mustHold(opened.error.code === "SEALED_PART_INVALID", `refused with ${opened.error.code}`);
    const read = secretInputSchema.parse(JSON.parse(body));
    mustHold(isDeepStrictEqual(read, opened.value), "read as something else");
    const other = await openSecretInput(sealed, sealingKey, { ...sampleIds, attempt: 2 });
    mustHold(!other.ok, "another command took the secret over");
  },
};

/** A piece of output as a browser gets it. */
const sealedContent: FuzzTarget = {
  name: "sealed-content",
  grammar: "text",
  shapes: [{ name: "sealed-content", isOne: async (sealed) => (await openPiece(sealed, 0)).ok }],
  async check(sealed) {
    sealedEpoch(sealed);
    const opened = await openPiece(sealed, 0);
    if (opened.ok) mustHold(Buffer.from(opened.value).toString() === sampleOutput, "other bytes came out");
    else mustHold(opened.error.code === "CONTENT_UNREADABLE", `refused with ${opened.error.code}`);
    const elsewhere = await openPiece(sealed, 1);
    mustHold(!elsewhere.ok, "a piece passed for another one");
  },
};

function openTyped(data: string, changes: Partial<InputPlace> = {}) {
  return inputOpener.open({ type: "input", ...sampleInputPlace, ...changes, data });
}

/** What is typed into a run, as a bridge gets it. */
const sealedInput: FuzzTarget = {
  name: "sealed-input",
  grammar: "text",
  shapes: [{ name: "sealed-input", isOne: (data) => openTyped(data).ok }],
  async check(data) {
    const opened = openTyped(data);
    if (opened.ok) mustHold(opened.value.toString() === sampleTyped, "something else was typed");
    else mustHold(opened.error.code === "CONTENT_UNREADABLE", `refused with ${opened.error.code}`);
    const inCore = await openInput({ ...sampleInputPlace, data }, inputKey);
    mustHold(!inCore.ok || opened.ok, "core opened what the bridge does not");
    for (const elsewhere of [{ seq: 2 }, { isEnd: true }, { writer: "w-2" }, { turn: "u".repeat(22) }])
      mustHold(!openTyped(data, elsewhere).ok, "a piece passed for another one");
  },
};

export const sealedTargets: readonly FuzzTarget[] = [sealedPart, secretInput, sealedContent, sealedInput];
