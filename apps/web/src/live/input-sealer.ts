import { sealInput, type InputKey } from "@quarterdeck/core/protocol/input-sealing";
import type { RunInput } from "@quarterdeck/core/protocol/run-input";
import type { ClearPiece } from "./session/typed-input.ts";

interface InputSealerOptions {
  /** The run's input keys, as they came with the ticket to type. */
  readonly keys: readonly InputKey[];
  readonly send: (frame: RunInput) => void;
  readonly onFailure: (reason: string) => void;
}

/** Seals what is typed into one run, and sends everything in its order. */
export class InputSealer {
  readonly #options: InputSealerOptions;
  #last: Promise<void> = Promise.resolve();

  constructor(options: InputSealerOptions) {
    this.#options = options;
  }

  send(frame: RunInput): void {
    this.#inTurn(() => Promise.resolve(frame));
  }

  seal({ place, keyEpoch, bytes }: ClearPiece): void {
    this.#inTurn(async () => {
      const key = this.#options.keys.find(({ epoch }) => epoch === keyEpoch);
      if (key === undefined) throw new Error(`The run's input is sealed with key ${keyEpoch}, which was not given.`);
      const nonce = crypto.getRandomValues(new Uint8Array(12));
      return { type: "input", ...place, data: await sealInput(bytes, place, { key, nonce }) };
    });
  }

  #inTurn(make: () => Promise<RunInput>): void {
    const { send, onFailure } = this.#options;
    this.#last = this.#last.then(make).then(send);
    this.#last = this.#last.catch((error: unknown) =>
      onFailure(error instanceof Error ? error.message : String(error)),
    );
  }
}
