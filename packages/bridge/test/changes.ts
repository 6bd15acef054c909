/** Waits for conditions: they are looked at whenever something changed, and now and then for what nobody announces. */
export class Changes {
  readonly #waiting = new Set<() => void>();

  notify(): void {
    for (const look of this.#waiting) look();
  }

  /** Resolves with what `condition` answers once that is neither `undefined` nor `false`. */
  until<T>(condition: () => T | undefined | false, what: string, timeoutMs = 25_000): Promise<T> {
    return new Promise((resolve, reject) => {
      const stop = () => {
        this.#waiting.delete(look);
        clearInterval(poll);
        clearTimeout(timer);
      };
      const look = () => {
        const value = condition();
        if (value === undefined || value === false) return;
        stop();
        resolve(value);
      };
      const poll = setInterval(look, 10);
      const timer = setTimeout(() => {
        stop();
        reject(new Error(`waited in vain for ${what}`));
      }, timeoutMs);
      this.#waiting.add(look);
      look();
    });
  }
}
