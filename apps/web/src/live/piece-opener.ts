import type { RunId } from "@quarterdeck/core/ids";
import { openContent, type ContentKey } from "@quarterdeck/core/protocol/content-sealing";
import { sealedEpoch } from "@quarterdeck/core/protocol/sealed-bytes";
import type { SealedPiece, ViewerEvent } from "./session/viewer-events.ts";

/** The keys of a run's content, by run. */
export type RunKeys = readonly { readonly runId: RunId; readonly keys: readonly ContentKey[] }[];

interface PieceOpenerOptions {
  /** Asks the platform for the keys of a run again: it may have been sealed in an epoch that began meanwhile. */
  readonly fetchKeys: (runId: RunId) => Promise<RunKeys>;
  readonly onEvent: (event: Extract<ViewerEvent, { type: "piece" | "unreadable" }>) => void;
}

/** Opens pieces of output, those of one run one after the other. */
export class PieceOpener {
  readonly #options: PieceOpenerOptions;
  readonly #keys = new Map<RunId, readonly ContentKey[]>();
  readonly #turns = new Map<RunId, Promise<void>>();

  constructor(options: PieceOpenerOptions) {
    this.#options = options;
  }

  addKeys(runs: RunKeys): void {
    for (const { runId, keys } of runs) this.#keys.set(runId, keys);
  }

  open(runId: RunId, piece: SealedPiece): void {
    this.#inTurn(runId, this.#turns.get(runId) ?? Promise.resolve(), () => this.#open(runId, piece));
  }

  /** Does something once every piece of the run that came so far is opened: at once, where none is under way. */
  afterPieces(runId: RunId, act: () => void): void {
    const before = this.#turns.get(runId);
    if (before === undefined) act();
    else this.#inTurn(runId, before, act);
  }

  #inTurn(runId: RunId, before: Promise<void>, act: () => Promise<void> | void): void {
    const turn = before.then(act);
    this.#turns.set(runId, turn);
    void turn.finally(() => {
      if (this.#turns.get(runId) === turn) this.#turns.delete(runId);
    });
  }

  async #open(runId: RunId, { offset, data, isEnd }: SealedPiece): Promise<void> {
    const { onEvent } = this.#options;
    try {
      const keys = await this.#keysFor(runId, data);
      const opened = await openContent(data, { runId, place: { kind: "output", offset, isEnd } }, keys);
      if (opened.ok) onEvent({ type: "piece", runId, piece: { offset, bytes: opened.value, isEnd } });
      else onEvent({ type: "unreadable", runId, reason: opened.error.message });
    } catch (error) {
      onEvent({ type: "unreadable", runId, reason: error instanceof Error ? error.message : String(error) });
    }
  }

  async #keysFor(runId: RunId, data: string): Promise<readonly ContentKey[]> {
    const known = this.#keys.get(runId) ?? [];
    const epoch = sealedEpoch(data);
    if (known.some((key) => key.epoch === epoch)) return known;
    this.addKeys(await this.#options.fetchKeys(runId));
    return this.#keys.get(runId) ?? [];
  }
}
