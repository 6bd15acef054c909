import { Transform, type TransformCallback } from "node:stream";
import type { Way } from "./meter-lines.ts";

/** Asks for leave to pass bytes on, and counts them. */
export interface EgressMeter {
  /** @returns how many of them may pass now: at least one, later where there is a limit; null when `signal` came first */
  allow(way: Way, bytes: number, signal: AbortSignal): Promise<number | null>;
}

/** Counts nothing and holds nothing. */
export const noMeter: EgressMeter = { allow: (_way, bytes) => Promise.resolve(bytes) };

/** Waits until so many bytes may pass. @returns false when `signal` came first */
export async function passBytes(
  meter: EgressMeter,
  { way, bytes, signal }: { way: Way; bytes: number; signal: AbortSignal },
): Promise<boolean> {
  for (let left = bytes; left > 0; ) {
    const allowed = await meter.allow(way, left, signal);
    if (allowed === null) return false;
    left -= allowed;
  }
  return true;
}

/** Passes on what its meter allows, when it allows it. What waits is not read any further, so the other side waits too. */
export class MeteredStream extends Transform {
  readonly #meter: EgressMeter;
  readonly #way: Way;
  readonly #abort = new AbortController();

  constructor(meter: EgressMeter, way: Way) {
    super();
    this.#meter = meter;
    this.#way = way;
  }

  override _transform(chunk: Buffer, _encoding: BufferEncoding, done: TransformCallback): void {
    this.#pass(chunk).then(
      () => done(),
      (error: unknown) => done(error instanceof Error ? error : new Error(String(error))),
    );
  }

  async #pass(chunk: Buffer): Promise<void> {
    for (let rest = chunk; rest.length > 0; ) {
      const allowed = await this.#meter.allow(this.#way, rest.length, this.#abort.signal);
      if (allowed === null) return;
      this.push(rest.subarray(0, allowed));
      rest = rest.subarray(allowed);
    }
  }

  override _destroy(error: Error | null, done: (error?: Error | null) => void): void {
    this.#abort.abort();
    done(error);
  }
}
