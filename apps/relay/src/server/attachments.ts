/** A bridge's socket and what must survive hibernation with it. */
export type BridgeAttachment =
  | {
      readonly kind: "bridge";
      readonly state: "challenged" | "verifying";
      readonly challengeHash: string;
      readonly sinceMs: number;
      /** Greater than that of each connection that was opened before and waits too. No clock tells as much. */
      readonly turn: number;
    }
  | LiveBridge
  /** A newer connection took over. If the peer still answers the close, two bridges use one key. */
  | { readonly kind: "bridge"; readonly state: "replaced"; readonly byEpoch: number; readonly byBootId: string }
  | { readonly kind: "bridge"; readonly state: "closing" };

export interface LiveBridge {
  readonly kind: "bridge";
  readonly state: "live";
  readonly epoch: number;
  readonly welcomedAtMs: number;
  /** The newest command that was sent on this connection. */
  readonly sentThrough: number;
  /** Bytes of output that the bridge may still send. */
  readonly outputCredit: number;
}

export const tags = { bridge: "bridge", viewer: "viewer" } as const;

/** What the attachments hold, so that they are read once after a start and not for each frame. */
const known = new WeakMap<WebSocket, BridgeAttachment>();

/** Reads a bridge socket's attachment, which only this Worker writes. */
export function bridgeAttachment(socket: WebSocket): BridgeAttachment {
  const attachment = known.get(socket) ?? (socket.deserializeAttachment() as BridgeAttachment);
  known.set(socket, attachment);
  return attachment;
}

export function attach(socket: WebSocket, attachment: BridgeAttachment): void {
  known.set(socket, attachment);
  socket.serializeAttachment(attachment);
}

/** Whether a socket is a bridge's; it never becomes another's. */
export function isBridge(socket: WebSocket): boolean {
  if (known.has(socket)) return true;
  const attachment = socket.deserializeAttachment() as { readonly kind: string } | null;
  return attachment?.kind === "bridge";
}
