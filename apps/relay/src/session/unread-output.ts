import type { OutputWatch } from "./output-watch.ts";

/**
 * Output that went to a viewer for watches that it has replaced or ended since. Nothing says any more how much of it
 * arrived, so it counts as behind until the viewer has answered a mark that follows it (PROTOCOL 6.4).
 */
export interface UnreadOutput {
  readonly bytes: number;
  /** Those of them before the mark that is on the way. */
  readonly markedBytes: number;
  readonly mark: number | null;
  /** Acknowledgements of watches that are over may still come. */
  readonly hasLeft: boolean;
}

export const nothingUnread: UnreadOutput = { bytes: 0, markedBytes: 0, mark: null, hasLeft: false };

/** A watch ends or begins anew: what it was sent and did not acknowledge is still on its way. */
export function leaveWatch(unread: UnreadOutput, watch: OutputWatch | undefined): UnreadOutput {
  if (!watch) return unread;
  return { ...unread, bytes: unread.bytes + watch.sentOffset - watch.ackedOffset, hasLeft: true };
}

/** Whether the viewer should be asked now how much it has read: one mark is on the way at a time. */
export function needsMark({ bytes, mark }: UnreadOutput): boolean {
  return bytes > 0 && mark === null;
}

export function markUnread(unread: UnreadOutput, mark: number): UnreadOutput {
  return { ...unread, markedBytes: unread.bytes, mark };
}

/** The viewer has read everything before a mark. */
export function reachUnread(unread: UnreadOutput, mark: number): UnreadOutput {
  if (unread.mark !== mark) return unread;
  return { ...unread, bytes: unread.bytes - unread.markedBytes, markedBytes: 0, mark: null };
}
