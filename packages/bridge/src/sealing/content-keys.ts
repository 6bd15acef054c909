import { mkdirSync, readFileSync } from "node:fs";
import type { RunId } from "@quarterdeck/core/ids";
import { contentKeySchema, type ContentKey } from "@quarterdeck/core/protocol/content-sealing";
import type { StreamKey } from "@quarterdeck/core/protocol/run-key";
import { runDirectoryMode, type DataDirectory } from "../data-directory.ts";
import { writeWhole } from "../durable-file.ts";
import { InputOpener } from "./input-opener.ts";
import { contentKeyOf, RunSealer } from "./run-sealer.ts";

interface KnownRun {
  readonly key: ContentKey;
  readonly sealer: RunSealer;
  /** Where this process began the run, or took it up again. */
  readonly streamKey: StreamKey | undefined;
}

/** More than can be under way at once. */
const knownRuns = 4096;

/**
 * The content keys of runs. One is kept beside the output that it seals, which lies there in clear: it opens that run's
 * content and no other's, and is there as long as the output is, whatever becomes of the journal.
 */
export class ContentKeys {
  readonly #data: DataDirectory;
  readonly #known = new Map<RunId, KnownRun>();

  constructor(data: DataDirectory) {
    this.#data = data;
  }

  /** A run begins whose content this stream key is for. */
  begin(runId: RunId, streamKey: StreamKey): void {
    this.#remember(runId, contentKeyOf(streamKey, runId), streamKey);
  }

  /** Keeps the key of a run that has begun. */
  keep(runId: RunId): void {
    const known = this.#known.get(runId);
    if (!known) return;
    const run = this.#data.run(runId);
    mkdirSync(run.path, { recursive: true, mode: runDirectoryMode });
    writeWhole(run.contentKey, JSON.stringify(known.key));
  }

  /** What seals a run's content; `undefined` when its key is not here (any more). */
  find(runId: RunId): RunSealer | undefined {
    const known = this.#known.get(runId);
    if (known) return known.sealer;
    const key = this.#read(runId);
    return key && this.#remember(runId, key).sealer;
  }

  /** What opens the input of a run that is under way. Its key is on no disk: the journal's sealed part brings it again. */
  findInputOpener(runId: RunId): InputOpener | undefined {
    const streamKey = this.#known.get(runId)?.streamKey;
    return streamKey && InputOpener.of(streamKey, runId);
  }

  #read(runId: RunId): ContentKey | undefined {
    try {
      return contentKeySchema.safeParse(JSON.parse(readFileSync(this.#data.run(runId).contentKey, "utf8"))).data;
    } catch {
      return undefined; // Never kept, cleaned up with the run, or cut short by a crash of the machine.
    }
  }

  #remember(runId: RunId, key: ContentKey, streamKey?: StreamKey): KnownRun {
    const [oldest] = this.#known.keys();
    if (oldest !== undefined && this.#known.size >= knownRuns) this.#known.delete(oldest);
    const run = { key, sealer: new RunSealer(runId, key), streamKey };
    this.#known.set(runId, run);
    return run;
  }
}
