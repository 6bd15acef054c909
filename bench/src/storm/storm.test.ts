import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { expect, inject, test } from "vitest";
import { storm } from "./storm.ts";
import "../../../apps/relay/test/build-relay.ts";

test("[F12] sessions that are cut at once come back without the API, and no command is lost or done twice", async () => {
  const folder = await mkdtemp(join(tmpdir(), "quarterdeck-storm-"));
  try {
    const bundle = inject("relayBundle");
    const outcome = await storm({ sessions: 100, sessionsPerProcess: 50, folder, bundle });
    expect(outcome.commands).toBe(200);
    expect(outcome.wrong).toEqual([]);
    // Reports are tried, and refused; nothing else is asked.
    expect(Object.keys(outcome.apiRequests)).toEqual(["/relay/reports"]);
  } finally {
    await rm(folder, { recursive: true });
  }
}, 60_000);
