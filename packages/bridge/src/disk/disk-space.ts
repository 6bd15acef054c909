import { closeSync, openSync, rmSync, statfsSync, statSync, writeSync } from "node:fs";
import { dirname } from "node:path";
import { mebibyte } from "@quarterdeck/core/units";
import { errorMessage, type Log } from "../log.ts";

interface DiskSpaceOptions {
  /** A file that holds room for the last records of a full disk. */
  readonly reserveFile: string;
  readonly log: Log;
  readonly onChange: (isFull: boolean) => void;
  /** Makes room, where something can go, before it is measured. */
  readonly makeRoom: () => void;
}

const reserveBytes = 4 * mebibyte;
/** With less than this a run could not even be recorded; with twice as much things go on. */
const leastFreeBytes = 16 * mebibyte;
const lookMs = 2000;

/** What a program of the bridge's user may still write on a path's disk. */
export function freeBytes(path: string): number {
  const { bavail, bsize } = statfsSync(path);
  return bavail * bsize;
}

/**
 * Knows whether there is room to take on work. While there is, a file holds some back; when the disk is full it is given up,
 * so that what is under way can still be written down.
 */
export class DiskSpace {
  readonly #options: DiskSpaceOptions;
  #hasReserve: boolean;
  #isFull = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(options: DiskSpaceOptions) {
    this.#options = options;
    this.#hasReserve = statSync(options.reserveFile, { throwIfNoEntry: false })?.size === reserveBytes;
  }

  get isFull(): boolean {
    return this.#isFull;
  }

  /** A start has to write a little before it can say anything to anybody. */
  makeRoomToStart(): void {
    if (this.#hasReserve && freeBytes(dirname(this.#options.reserveFile)) < reserveBytes / 4) this.spend();
  }

  /** Looks now and from then on. */
  start(): void {
    this.look();
    this.#timer = setInterval(() => this.look(), lookMs).unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  /** Finds out how things are. @returns whether the disk is full */
  look(): boolean {
    this.#options.makeRoom();
    const free = freeBytes(dirname(this.#options.reserveFile));
    const wanted = leastFreeBytes * (this.#isFull ? 2 : 1) + (this.#hasReserve ? 0 : reserveBytes);
    const hasRoom = free >= wanted && (this.#hasReserve || this.#makeReserve());
    if (hasRoom === this.#isFull) this.#change(!hasRoom);
    return this.#isFull;
  }

  /** A write found no room: gives up the reserve. @returns whether there was one, so that the write may work now */
  spend(): boolean {
    const hadReserve = this.#hasReserve;
    this.#hasReserve = false;
    rmSync(this.#options.reserveFile, { force: true });
    if (!this.#isFull) this.#change(true);
    return hadReserve;
  }

  #change(isFull: boolean): void {
    const { log, onChange } = this.#options;
    this.#isFull = isFull;
    if (isFull) log.error("the disk is full: new commands wait until there is room", { code: "DISK_FULL" });
    else log.info("the disk has room again: commands are taken");
    onChange(isFull);
  }

  #makeReserve(): boolean {
    const { reserveFile, log } = this.#options;
    try {
      const descriptor = openSync(reserveFile, "w", 0o600);
      try {
        const zeros = Buffer.alloc(mebibyte);
        for (let written = 0; written < reserveBytes; )
          written += writeSync(descriptor, zeros, 0, Math.min(zeros.length, reserveBytes - written));
      } finally {
        closeSync(descriptor);
      }
      this.#hasReserve = true;
    } catch (error) {
      log.warn("no room can be held back on the disk", { reason: errorMessage(error) });
      rmSync(reserveFile, { force: true });
    }
    return this.#hasReserve;
  }
}
