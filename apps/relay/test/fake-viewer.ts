import type { RunId, ServerId } from "@quarterdeck/core/ids";
import type { Ticket, Topic } from "@quarterdeck/core/protocol/ticket";
import { type Frame, Peer } from "./peer.ts";
import { bytesIn } from "./sealed-piece.ts";
import type { RelayRuntime } from "./relay-runtime.ts";

export type OutputFrame = Frame & { runId: RunId; offset: number; data: string; isEnd: boolean };

export function dialViewer(relay: RelayRuntime, serverId: ServerId, ticket: string): Peer {
  return new Peer(new URL(`/viewer/${serverId}?ticket=${ticket}`, relay.url.href.replace("http", "ws")));
}

/** Connects a viewer that may watch the topics. */
export async function openViewer(
  relay: RelayRuntime,
  serverId: ServerId,
  options: { topics: Topic[]; ticket?: Partial<Ticket> },
): Promise<Peer> {
  const peer = dialViewer(relay, serverId, await relay.platform.ticket(serverId, options.topics, options.ticket));
  await peer.next("authorized");
  return peer;
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
