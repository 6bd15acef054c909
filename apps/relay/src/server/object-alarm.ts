import { nextAlarmMs, type Deadlines } from "../session/alarm-schedule.ts";

/** The object's one alarm. Moving it later is left to its next ring, so that busy objects do not write it all the time. */
export class ObjectAlarm {
  readonly #storage: DurableObjectStorage;
  #armedAtMs: number | null = null;

  constructor(storage: DurableObjectStorage) {
    this.#storage = storage;
  }

  async load(): Promise<void> {
    this.#armedAtMs = await this.#storage.getAlarm();
  }

  /** The alarm rang, so none is set any more. */
  rang(): void {
    this.#armedAtMs = null;
  }

  async set(deadlines: Deadlines): Promise<void> {
    const wantedMs = nextAlarmMs(deadlines);
    if (wantedMs === null) {
      if (this.#armedAtMs === null) return;
      this.#armedAtMs = null;
      await this.#storage.deleteAlarm();
    } else if (this.#armedAtMs === null || wantedMs < this.#armedAtMs) {
      this.#armedAtMs = wantedMs;
      await this.#storage.setAlarm(wantedMs);
    }
  }
}
