import type { RunId, ServerId } from "@quarterdeck/core/ids";
import type { Ticket, Topic } from "@quarterdeck/core/protocol/ticket";
import { featuresText } from "@quarterdeck/core/protocol/viewer-features";
import { type Frame, Peer } from "./peer.ts";
import { bytesIn } from "./sealed-piece.ts";
import type { RelayRuntime } from "./relay-runtime.ts";

export type OutputFrame = Frame & { runId: RunId; offset: number; data: string; isEnd: boolean };

/** `features`: what the page says that it knows; one from before they were there says nothing. */
export function dialViewer(
  relay: RelayRuntime,
  serverId: ServerId,
  { ticket, features = featuresText() }: { ticket: string; features?: string | null },
): Peer {
  const url = new URL(`/viewer/${serverId}?ticket=${ticket}`, relay.url.href.replace("http", "ws"));
  if (features !== null) url.searchParams.set("features", features);
  return new Peer(url);
}

/** Connects a viewer that may watch the topics. */
export async function openViewer(
  relay: RelayRuntime,
  serverId: ServerId,
  options: { topics: Topic[]; ticket?: Partial<Ticket>; features?: string | null },
): Promise<Peer> {
  const ticket = await relay.platform.ticket(serverId, options.topics, options.ticket);
  const peer = dialViewer(relay, serverId, { ...options, ticket });
  await peer.next("authorized");
  return peer;
}

/** Makes a viewer say, as the console does, what it has read. */
export function answerMarks(viewer: Peer): void {
  let read = 0;
  viewer.socket.on("message", () => {
    for (const frame of viewer.frames.slice(read)) {
      if (frame.type === "checkpoint") viewer.send({ type: "reached", number: frame["number"] });
    }
    read = viewer.frames.length;
  });
}

/** Puts output frames together as a console does: drops and trims what it has; a hole is an error. */
export function assemble(frames: readonly Frame[], fromOffset = 0): Buffer {
  const parts: Uint8Array[] = [];
  let end = fromOffset;
  for (const frame of frames) {
    if (frame.type !== "output") continue;
    const { offset, data } = frame as OutputFrame;
    const bytes = bytesIn(data);
    if (offset > end) throw new Error(`bytes ${end} to ${offset} are missing`);
    if (offset + bytes.length <= end) continue;
    parts.push(bytes.subarray(end - offset));
    end = offset + bytes.length;
  }
  return Buffer.concat(parts);
}

/** How many ends of output a viewer got. */
export function ends(peer: Peer): number {
  return peer.frames.filter((frame) => frame.type === "output" && frame["isEnd"] === true).length;
}
