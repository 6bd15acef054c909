/** A bridge's socket and what must survive hibernation with it. */
export type BridgeAttachment =
  | {
      readonly kind: "bridge";
      readonly state: "challenged" | "verifying";
      readonly challengeHash: string;
      readonly sinceMs: number;
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

/** Reads a bridge socket's attachment, which only this Worker writes. */
export function bridgeAttachment(socket: WebSocket): BridgeAttachment {
  return socket.deserializeAttachment() as BridgeAttachment;
}

export function attach(socket: WebSocket, attachment: BridgeAttachment): void {
  socket.serializeAttachment(attachment);
}
