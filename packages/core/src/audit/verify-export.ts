import type * as z from "zod";
import type { ServerId } from "../ids.ts";
import { auditHeadSchema, heldHeadSchema } from "../protocol/audit-head.ts";
import { openSigned } from "../protocol/signing.ts";
import type { ChainHead, Sha256 } from "./chain.ts";
import { auditCutSchema } from "./cut.ts";
import { exportEndSchema, exportEntrySchema, exportHeaderSchema, type ExportHeader } from "./export-file.ts";
import { ChainVerifier, type ChainFault } from "./verify-chain.ts";

/** What is wrong with an export, and at which entry first. */
export interface ExportFault {
  readonly kind: /** What `ChainVerifier` finds. */
    | ChainFault["kind"]
    /** A line is none of an export. */
    | "malformed"
    /** A signature in it is missing, or not of who it says. */
    | "unsigned";
  /** The number of the entry; null for the file as a whole. */
  readonly seq: number | null;
  readonly entryId: string | null;
  /** What was found, for people. */
  readonly message: string;
}

/** A server's bridge whose signature shows that it was told of the chain up to here. */
export interface CountedWitness extends ChainHead {
  readonly serverId: ServerId;
  readonly publicKey: string;
}

interface Options {
  readonly sha256: Sha256;
  /** Keys of the platform that the verifier knows from elsewhere; without one those in the file count, which whoever forged it chose. */
  readonly platformKeys?: readonly string[];
  /** Heads that the verifier knows from elsewhere: what a server, or an older export, says. */
  readonly knownHeads?: readonly ChainHead[];
}

const chainMessages: Record<ChainFault["kind"], string> = {
  outOfOrder: "another entry, or none, is where this one should be: one was deleted, inserted or moved",
  altered: "it is not what it was when it was written",
  replaced: "somebody was told another entry here: the past was made anew, or an old copy was put in place",
  cut: "the chain ends before it, and it is known to have been there: the end was cut, or an old copy was put in place",
};

/** Verifies an export line by line, without anything but the export: `open` with the first line, `take` each other, `end`. */
export class ExportVerifier {
  readonly header: ExportHeader;
  readonly witnesses: readonly CountedWitness[];
  readonly #chain: ChainVerifier;
  #fault: ExportFault | null = null;
  #entries = 0;
  #saidEntries: number | null = null;

  private constructor(parts: { header: ExportHeader; witnesses: readonly CountedWitness[]; chain: ChainVerifier }) {
    this.header = parts.header;
    this.witnesses = parts.witnesses;
    this.#chain = parts.chain;
  }

  /** Reads the first line, and verifies every signature in it. */
  static async open(line: string, options: Options): Promise<ExportVerifier | ExportFault> {
    const read = parseLine(exportHeaderSchema, line);
    if (read === null) return wholeFile("malformed", "The first line is not that of an audit export of Quarterdeck.");
    if (!read.isWhole)
      return wholeFile("malformed", "The export has only some of the entries. Export without a filter to verify it.");
    const signatures = await readSignatures(read, options.platformKeys ?? read.platformKeys);
    if ("kind" in signatures) return signatures;
    const { witnesses, heads } = signatures;
    const knownHeads = [...heads, ...(options.knownHeads ?? [])].filter(({ seq }) => seq >= read.from.seq);
    const { chainId, from } = read;
    const chain = new ChainVerifier({ chainId, sha256: options.sha256, from, knownHeads });
    return new ExportVerifier({ header: read, witnesses, chain });
  }

  get head(): ChainHead {
    return this.#chain.head;
  }

  get entries(): number {
    return this.#entries;
  }

  /** Takes the next line. Returns the first thing that is wrong, for good. */
  take(line: string): ExportFault | null {
    this.#fault ??= this.#judge(line);
    return this.#fault;
  }

  /** There are no more lines. */
  end(): ExportFault | null {
    const chainFault = this.#fault === null ? this.#chain.end() : null;
    if (chainFault !== null) this.#fault = fromChain(chainFault);
    if (this.#fault === null && this.#saidEntries !== this.#entries)
      this.#fault = wholeFile("malformed", "The last line is missing: the file is not complete.");
    return this.#fault;
  }

  #judge(line: string): ExportFault | null {
    const at = this.#chain.head.seq + 1;
    if (this.#saidEntries !== null) return malformed(at, "there are lines after the last one");
    const parsed = parseJson(line);
    const entry = exportEntrySchema.safeParse(parsed);
    if (!entry.success) {
      const end = exportEndSchema.safeParse(parsed);
      if (!end.success) return malformed(at, "its line is no entry");
      this.#saidEntries = end.data.entries;
      return null;
    }
    const fault = this.#chain.take(entry.data);
    if (fault !== null) return fromChain(fault);
    this.#entries += 1;
    return null;
  }
}

async function readSignatures(
  header: ExportHeader,
  keys: readonly string[],
): Promise<{ readonly witnesses: CountedWitness[]; readonly heads: ChainHead[] } | ExportFault> {
  const { chainId, from, to } = header;
  const heads: ChainHead[] = [to];
  if (from.seq > 0) {
    const cut = header.cut && (await openSigned(header.cut, { keys, domain: "auditCut", schema: auditCutSchema }));
    const isIts =
      cut?.ok && cut.value.chainId === chainId && cut.value.seq === from.seq && cut.value.hash === from.hash;
    if (isIts !== true)
      return wholeFile(
        "unsigned",
        `That entries up to ${from.seq} were deleted by the rule of the org is not signed by the platform.`,
      );
  }
  if (chainId !== "platform" && to.seq > 0) {
    const own = header.head && (await openSigned(header.head, { keys, domain: "auditHead", schema: auditHeadSchema }));
    if (!own?.ok || own.value.orgId !== chainId)
      return wholeFile("unsigned", "The newest entry is not signed by the platform.");
    heads.push(own.value);
  }
  const witnesses: CountedWitness[] = [];
  for (const { serverId, publicKey, evidence } of header.witnesses) {
    const held = await openSigned(evidence.held, { keys: [publicKey], domain: "heldHead", schema: heldHeadSchema });
    if (!held.ok || held.value.serverId !== serverId || held.value.orgId !== chainId)
      return wholeFile("unsigned", `What server ${serverId} says of the audit is not signed by its key.`);
    const { holds, also } = held.value;
    witnesses.push({ serverId, publicKey, ...holds });
    heads.push(holds, ...(also === null ? [] : [also]));
  }
  return { witnesses, heads };
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined; // Of no shape: what reads it refuses it.
  }
}

function parseLine<T>(schema: z.ZodType<T>, line: string): T | null {
  const parsed = schema.safeParse(parseJson(line));
  return parsed.success ? parsed.data : null;
}

function fromChain({ kind, seq, entryId }: ChainFault): ExportFault {
  return { kind, seq, entryId, message: chainMessages[kind] };
}

function malformed(seq: number, message: string): ExportFault {
  return { kind: "malformed", seq, entryId: null, message };
}

function wholeFile(kind: "malformed" | "unsigned", message: string): ExportFault {
  return { kind, seq: null, entryId: null, message };
}
