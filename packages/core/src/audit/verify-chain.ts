import { emptyChain, nextHead, type ChainedRecord, type ChainHead, type ChainId, type Sha256 } from "./chain.ts";

/** What is wrong with a chain, and at which number first. */
export interface ChainFault {
  readonly kind: /** Another entry, or none, is where this number should be: one was deleted, inserted or moved. */
    | "outOfOrder"
    /** Its text, its hash or what is before it is not what it was when it was chained. */
    | "altered"
    /** It follows from what is before it, but somebody was told another one: all since the last known head was made anew. */
    | "replaced"
    /** The chain ends before an entry that is known to have been there. */
    | "cut";
  readonly seq: number;
  /** The entry that was found there; null where there was none. */
  readonly entryId: string | null;
}

interface VerifierOptions {
  readonly chainId: ChainId;
  readonly sha256: Sha256;
  /** Where the first entry follows on; without it the chain's beginning. */
  readonly from?: ChainHead;
  /** Heads that somebody else remembers. Without one, a chain that was made anew or cut at its end looks whole. */
  readonly knownHeads?: readonly ChainHead[];
}

/** Verifies a chain entry by entry, in the order of their numbers, so that it need not be in memory. */
export class ChainVerifier {
  readonly #by: { readonly chainId: ChainId; readonly sha256: Sha256 };
  readonly #known: readonly ChainHead[];
  #nextKnown = 0;
  #head: ChainHead;
  #fault: ChainFault | null = null;

  constructor({ chainId, sha256, from = emptyChain, knownHeads = [] }: VerifierOptions) {
    this.#by = { chainId, sha256 };
    this.#head = from;
    this.#known = knownHeads.filter(({ seq }) => seq > from.seq).toSorted((a, b) => a.seq - b.seq);
    // What was cut away before it cannot be compared any more; the cut itself can.
    const isOther = knownHeads.some(({ seq, hash }) => seq === from.seq && hash !== from.hash);
    if (isOther) this.#fault = { kind: "replaced", seq: from.seq, entryId: null };
  }

  /** How far it is verified. */
  get head(): ChainHead {
    return this.#head;
  }

  /** Takes the next entry. Returns the first thing that is wrong, for good. */
  take(entry: ChainedRecord): ChainFault | null {
    this.#fault ??= this.#judge(entry);
    return this.#fault;
  }

  /** There are no more entries. Returns the first thing that is wrong with the chain, or null. */
  end(): ChainFault | null {
    const isCut = this.#fault === null && this.#nextKnown < this.#known.length;
    if (isCut) this.#fault = { kind: "cut", seq: this.#head.seq + 1, entryId: null };
    return this.#fault;
  }

  #judge(entry: ChainedRecord): ChainFault | null {
    const { entryId, seq, hash } = entry;
    const expected = nextHead(this.#by, this.#head, entry);
    if (seq !== expected.seq) return { kind: "outOfOrder", seq: expected.seq, entryId };
    if (hash !== expected.hash) return { kind: "altered", seq, entryId };
    for (let known = this.#known[this.#nextKnown]; known?.seq === seq; known = this.#known[++this.#nextKnown]) {
      if (known.hash !== hash) return { kind: "replaced", seq, entryId };
    }
    this.#head = expected;
    return null;
  }
}
