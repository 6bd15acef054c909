import fc from "fast-check";
import { expect, it } from "vitest";
import { TestServer } from "./test-server.ts";

const two = { a: {}, "a/w": {}, "a/w/p": {}, b: {}, "b/w": {}, "b/w/p": {} };
const trueMs = 100;
const declared = fc.array(fc.oneof(fc.constantFrom(0, 1, trueMs, 1e9), fc.nat(1000)), { minLength: 60, maxLength: 60 });

/** A server with so many equal places, all in use: each start is preceded by the end of the oldest run. */
class BusyServer extends TestServer {
  #places: number;
  readonly #running: string[] = [];

  constructor(places: number) {
    super(two, { capacity: { cpu: places, memory: 1 } });
    this.#places = places;
  }

  addTask(id: string, expectedMs: number): void {
    this.add(id, `${id[0]}/w/p`, { expectedMs, demand: { cpu: 1, memory: 0 } });
  }

  startNext(): string {
    if (this.#running.length === this.#places) this.end(this.#running[0] as string, trueMs);
    const id = this.scheduler.next(0)?.id;
    if (id === undefined) throw new Error("nothing starts");
    this.#running.push(id);
    return id;
  }

  /** It goes on whatever else ends. */
  setAside(id: string): void {
    this.#running.splice(this.#running.indexOf(id), 1);
    this.#places--;
  }

  end(id: string, durationMs: number): void {
    this.#running.splice(this.#running.indexOf(id), 1);
    if (!this.scheduler.ended(id, durationMs)) throw new Error(`${id} does not run`);
  }
}

it("gives no more to who declares false durations, but for what runs uncharged at one moment", () => {
  fc.assert(
    fc.property(declared, fc.integer({ min: 1, max: 6 }), fc.constantFrom(0.5, 1, 2), (declaredMs, places, weight) => {
      const server = new BusyServer(places);
      server.scheduler.setWeight("a", weight);
      for (const [n, expectedMs] of declaredMs.entries()) {
        server.addTask(`a${n}`, expectedMs);
        for (let m = 0; m < 2; m++) server.addTask(`b${n} ${m}`, trueMs);
      }
      let a = 0;
      let b = 0;
      while (a < declaredMs.length && b < 2 * declaredMs.length) {
        if (server.startNext().startsWith("a")) a++;
        else b++;
        // Work of the same length: each start is one, and those that run may have been charged nothing yet.
        expect(a / weight - b).toBeLessThanOrEqual((1 + places) / weight + 1 + 0.01);
      }
    }),
    { seed: 91, numRuns: 100 },
  );
});

it("gives who is idle no credit for what a run was charged too much before", () => {
  fc.assert(
    fc.property(fc.nat(30), fc.nat(30), fc.integer({ min: 2, max: 6 }), (idleFor, workedBefore, places) => {
      const server = new BusyServer(places + 1);
      for (let n = 0; n < 200; n++) server.addTask(`b${n}`, trueMs);
      for (let n = 0; n < workedBefore; n++) server.startNext();
      server.addTask("a long", 1e6);
      while (server.startNext() !== "a long") expect(server.scheduler.isWaiting("a long")).toBe(true);
      // Only this one goes on, while others work; then there is more to do, and then it turns out to have been short.
      server.setAside("a long");
      for (let n = 0; n < idleFor; n++) server.startNext();
      server.addTask("a next", trueMs);
      server.scheduler.ended("a long", trueMs);
      for (let n = 0; n < 40; n++) server.addTask(`a${n}`, trueMs);
      let a = 0;
      let b = 0;
      while (b < 30) {
        if (server.startNext().startsWith("a")) a++;
        else b++;
        expect(a - b).toBeLessThanOrEqual(2);
      }
    }),
    { seed: 92, numRuns: 100 },
  );
});
