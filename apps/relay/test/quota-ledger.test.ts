import { readFile } from "node:fs/promises";
import { convertV4MiniflareOptions, Miniflare } from "miniflare";
import { describeLedger } from "@quarterdeck/core/test/ledger-contract";
import type { LedgerOperation, PlainAnswer } from "@quarterdeck/core/test/ledger-operations";
import { afterAll, beforeAll } from "vitest";
import { bundleWorker } from "./bundle-worker.ts";

// The ledger's contract on the storage of a Durable Object, in the real Workers runtime. What is asked at the same time are
// requests that are under way at the same time, each a commit.

const operationsInRequest = 64;

let miniflare: Miniflare | undefined;
let url: URL;
let opened = 0;

beforeAll(async () => {
  await using bundle = await bundleWorker("test/ledger-worker.jsonc", "ledger-worker");
  miniflare = new Miniflare(
    convertV4MiniflareOptions({
      name: "ledger",
      modules: [{ type: "ESModule", path: "ledger.js", contents: await readFile(bundle.path, "utf8") }],
      compatibilityDate: "2026-11-01",
      host: "127.0.0.1",
      port: 0,
      durableObjects: { LEDGERS: { className: "LedgerObject", useSQLite: true } },
    }),
  );
  url = await miniflare.ready;
});

afterAll(() => miniflare?.dispose());

describeLedger("in SQL in the storage of a Durable Object", {
  histories: 40,
  crowd: 10_000,
  open: async () => {
    const name = `ledger-${opened++}`;
    const perform = async (operations: readonly LedgerOperation[]): Promise<readonly PlainAnswer[]> => {
      const response = await fetch(new URL(name, url), { method: "POST", body: JSON.stringify(operations) });
      if (!response.ok) throw new Error(await response.text());
      return (await response.json()) as PlainAnswer[];
    };
    return {
      perform,
      performAtOnce: async (operations) => {
        const requests: Promise<readonly PlainAnswer[]>[] = [];
        for (let from = 0; from < operations.length; from += operationsInRequest) {
          requests.push(perform(operations.slice(from, from + operationsInRequest)));
        }
        return (await Promise.all(requests)).flat();
      },
      [Symbol.asyncDispose]: async () => {},
    };
  },
});
