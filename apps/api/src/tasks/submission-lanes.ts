/**
 * Keeps submissions to one server in the order in which they came, although signing takes each a different time. It waits
 * for no write: who is in front only has to have handed its unit to the writer.
 */
export class SubmissionLanes {
  readonly #tails = new Map<string, Promise<void>>();

  /** Calls `proceed` with what was prepared, after everyone who entered the lane before has proceeded or failed. */
  async enter<T, R>(lane: string, prepared: Promise<T>, proceed: (value: T) => Promise<R>): Promise<R> {
    const before = this.#tails.get(lane);
    const passed = Promise.withResolvers<void>();
    this.#tails.set(lane, passed.promise);
    try {
      const [value] = await Promise.all([prepared, before]);
      const proceeding = proceed(value);
      this.#leave(lane, passed);
      return await proceeding;
    } finally {
      // After a failure those behind still wait for those in front.
      void Promise.resolve(before).then(() => this.#leave(lane, passed));
    }
  }

  #leave(lane: string, { promise, resolve }: PromiseWithResolvers<void>): void {
    if (this.#tails.get(lane) === promise) this.#tails.delete(lane);
    resolve();
  }
}
