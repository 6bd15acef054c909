import { AxeBuilder } from "@axe-core/playwright";
import { writeFileSync } from "node:fs";
import { crc32 } from "node:zlib";
import { limits } from "@quarterdeck/core/protocol/limits";
import type { Sample } from "@quarterdeck/core/protocol/telemetry";
import { gibibyte, hourMs, mebibyte, minuteMs } from "@quarterdeck/core/units";
import { expect, it } from "vitest";
import { takeScreenshot } from "./support/browser.ts";
import { setUp } from "./support/client.ts";
import { waitFor } from "./support/wait-for.ts";
import { withConsole } from "./support/with-console.ts";

/** A reading of a machine that is neither idle nor flat. */
function sample(atMs: number): Sample {
  const minutes = atMs / minuteMs;
  return {
    atMs,
    cpu: Math.round(900 + 600 * Math.sin(minutes / 7) + 200 * Math.sin(minutes * 3)),
    cpuCapacity: 2000,
    memoryUsed: Math.round((2 + Math.sin(minutes / 11)) * gibibyte),
    memoryTotal: 4 * gibibyte,
    diskUsed: 30 * gibibyte,
    diskTotal: 80 * gibibyte,
    networkReceived: Math.round(minutes * 40 * mebibyte),
    networkSent: Math.round(minutes * 15 * mebibyte),
    load1: 0.5,
    runs: 0,
  };
}

function line(record: object): string {
  const text = JSON.stringify(record);
  return `${crc32(text).toString(16).padStart(8, "0")} ${text}\n`;
}

it("shows what a server kept while it was offline, and marks the times of which nothing is known", {
  timeout: 120_000,
}, async () => {
  await withConsole("telemetry-history", async ({ quarterdeck, page }) => {
    const client = await setUp(quarterdeck);
    const serverId = await waitFor(
      async () => (await client.api.servers.list.query()).find(({ status }) => status === "online")?.serverId,
      { what: "the server" },
    );
    // What a bridge leaves that was offline, in a machine that was off for twelve minutes of that time.
    const nowMs = Date.now();
    const times = Array.from({ length: 110 }, (_, i) => nowMs - (110 - i) * limits.sampleUnwatchedMs);
    const off = { fromMs: nowMs - 40 * minuteMs, toMs: nowMs - 28 * minuteMs };
    const samples = times.filter((atMs) => atMs < off.fromMs || atMs > off.toMs).map(sample);
    const lost = { fromMs: nowMs - 2 * hourMs, toMs: nowMs - hourMs, reason: "tooMany" };
    const lines = [...samples.map((one) => line({ kind: "sample", sample: one })), line({ kind: "gap", gap: lost })];
    writeFileSync(`${quarterdeck.dataDir}/bridge/spool/000000000000.log`, lines.join(""));
    const bridge = await waitFor(() => quarterdeck.pidOf("bridge"), { what: "the bridge" });
    process.kill(bridge, "SIGKILL");
    await waitFor(() => ![undefined, bridge].includes(quarterdeck.pidOf("bridge")), { what: "the next bridge" });

    await client.signIn(page, quarterdeck.url);
    await page.goto(`${quarterdeck.url}/servers/${serverId}`);
    const charts = page.getByRole("region", { name: "Readings" });
    await charts.getByLabel("Time shown").selectOption("Last hour");
    await charts.getByRole("img", { name: /^CPU: Last hour\. Readings are missing/ }).waitFor({ timeout: 30_000 });
    const missing = await charts.getByRole("listitem").allTextContents();
    expect(
      missing.some((text) => /^From \d\d:\d\d(:\d\d)? to \d\d:\d\d(:\d\d)? there are no readings/.test(text)),
    ).toBe(true);
    for (const colorScheme of ["light", "dark"] as const) {
      await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
      await takeScreenshot(page, `telemetry-holes-${colorScheme}`);
      const { violations } = await new AxeBuilder({ page }).analyze();
      expect(violations.map(({ id }) => id)).toEqual([]);
    }
    await charts.getByLabel("Time shown").selectOption("Last 24 hours");
    await charts
      .getByText(/readings were dropped: the server was offline and had no room/)
      .waitFor({ state: "attached" });
    await takeScreenshot(page, "telemetry-holes-day");
    await client.close();
  });
});
