/** How the last housekeeping of this process went, for the operator. */
export class HousekeepingState {
  #last: { readonly atMs: number; readonly isOk: boolean } | null = null;

  ended(atMs: number, isOk: boolean): void {
    this.#last = { atMs, isOk };
  }

  /** Null before the first has ended. */
  get last(): { readonly atMs: number; readonly isOk: boolean } | null {
    return this.#last;
  }
}
