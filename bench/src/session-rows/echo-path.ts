import { randomBytes } from "node:crypto";
import type { RunId } from "@quarterdeck/core/ids";
import type { RelayToBridge } from "@quarterdeck/core/protocol/relay-to-bridge";
import type { RelayToViewer } from "@quarterdeck/core/protocol/relay-to-viewer";
import { seal, unseal } from "./content-seal.ts";

// The nearest shipped path to a terminal's echo: a viewer asks for a run's output from an offset, and the bridge answers
// with a piece from there. With a terminal in the product, its frames belong here, and nowhere else.

/** A piece of a terminal's size: a few words with their colours. */
const content = randomBytes(100);
const sealedBytes = seal(content).length;

/** What a viewer sends: the `count`th keystroke. */
export function question(runId: RunId, count: number): string {
  return JSON.stringify({ type: "watchOutput", runId, fromOffset: count * sealedBytes });
}

/** The bridge's answers to what the relay tells it. */
export function answers({ runs }: Extract<RelayToBridge, { type: "interest" }>) {
  return runs.flatMap(({ runId, fromOffset }) =>
    fromOffset === null ? [] : [{ ...output(runId, fromOffset), type: "output" as const }],
  );
}

function output(runId: RunId, offset: number) {
  return { type: "output", runId, offset, data: seal(content).toString("base64"), isEnd: false };
}

/** How many answers a message to a viewer holds. They are opened. */
export function countAnswers(message: Buffer): number {
  const frame = JSON.parse(message.toString()) as RelayToViewer;
  const answers = (frame.type === "batch" ? frame.frames : [frame]).filter((one) => one.type === "output");
  for (const { data } of answers) unseal(Buffer.from(data, "base64"));
  return answers.length;
}

/** What a peer's bridge end sends: as many bytes, and nothing that must be sealed or opened. */
export function bareAnswer(runId: RunId): string {
  return JSON.stringify({ ...output(runId, 0), epoch: 1 });
}
