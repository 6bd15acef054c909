import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { mebibyte } from "@quarterdeck/core/units";
import { folderBytes } from "./folder-bytes.ts";
import { nodeKey, type GroupNode } from "./group-node.ts";

interface Measured {
  readonly folder: string;
  readonly limitBytes: number;
  bytes: number | undefined;
  atMs: number;
  measuring: Promise<void> | undefined;
}

const measureAgainMs = 30_000;

/** Watches the use of folders whose limit the kernel does not hold, so that nothing more starts in a full one. */
export class MeasuredDisk {
  readonly #folders = new Map<string, Measured>();
  readonly #nowMs: () => number;

  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** @param limitBytes null: not to be measured any more */
  watch(node: GroupNode, folder: string, limitBytes: number | null): void {
    const key = nodeKey(node);
    const known = this.#folders.get(key);
    if (limitBytes === null) this.#folders.delete(key);
    else if (known?.folder !== folder || known.limitBytes !== limitBytes)
      this.#folders.set(key, { folder, limitBytes, bytes: undefined, atMs: 0, measuring: undefined });
  }

  /** What was measured last, if anything was. */
  usedBy(node: GroupNode): number | undefined {
    return this.#folders.get(nodeKey(node))?.bytes;
  }

  /** Waits for the first measurement only; later ones go on beside the runs that they let start. */
  async admit(node: GroupNode): Promise<void> {
    const measured = this.#folders.get(nodeKey(node));
    if (!measured) return;
    if (measured.bytes === undefined || this.#nowMs() - measured.atMs >= measureAgainMs) {
      const measuring = this.#measure(measured);
      if (measured.bytes === undefined || measured.bytes >= measured.limitBytes) await measuring;
    }
    const { bytes = 0, limitBytes } = measured;
    if (bytes < limitBytes) return;
    const what = node.projectId === null ? "workspace" : "project";
    throw new QuarterdeckError(
      "QUOTA_EXCEEDED",
      `The ${what} takes ${Math.round(bytes / mebibyte)} MiB of disk and may take ${Math.round(limitBytes / mebibyte)} MiB. Remove files or raise its quota, then start the run again.`,
    );
  }

  #measure(measured: Measured): Promise<void> {
    measured.measuring ??= folderBytes(measured.folder)
      .then((bytes) => {
        measured.bytes = bytes;
        measured.atMs = this.#nowMs();
      })
      .finally(() => {
        measured.measuring = undefined;
      });
    return measured.measuring;
  }
}
