import { createInstance } from "i18next";
import { expect, it } from "vitest";
import { english } from "../../i18n/english.ts";
import { formatBytes, formatNumber, formatPercent, formatRate } from "../../i18n/format.ts";
import type { useFormat } from "../../i18n/use-format.ts";
import { niceTop, panelsOf } from "./panels.ts";
import { columnsOf, usePointOf } from "./use-columns.ts";

const i18n = createInstance();
await i18n.init({ lng: "en", resources: { en: { translation: english } }, interpolation: { escapeValue: false } });
const format = {
  number: (value: number, options?: Intl.NumberFormatOptions) => formatNumber("en", value, options),
  bytes: (value: number) => formatBytes("en", value),
  percent: (value: number) => formatPercent("en", value),
  rate: (value: number) => formatRate("en", value),
} as ReturnType<typeof useFormat>;
const texts = { t: i18n.t, format };

const used = { cpu: 250, memory: 3_000_000, tasks: 1, runs: 1 };
const columns = (disk: number | null, pressure: { cpu: number; memory: number; io: number } | null) =>
  columnsOf([usePointOf(1000, { ...used, disk, pressure, network: null }, null)], []);

it("draws what is known and has no chart of what nobody measured", () => {
  const names = (of: ReturnType<typeof columns>) => panelsOf(of, null, texts).map(({ name }) => name);
  expect(names(columns(null, null))).toEqual(["cpu", "memory"]);
  expect(names(columns(1, { cpu: 0, memory: 0, io: 0 }))).toEqual(["cpu", "memory", "disk", "pressure"]);
  const network = { received: 5000, sent: 9 };
  const counted = { ...used, disk: null, pressure: null, network };
  const points = [usePointOf(1000, counted, null), usePointOf(3000, counted, { atMs: 1000, received: 1000, sent: 9 })];
  const ofNetwork = panelsOf(columnsOf(points, []), null, texts).find(({ name }) => name === "network");
  expect(ofNetwork?.series.map(({ values }) => values)).toEqual([
    [null, 2000],
    [null, 0],
  ]);
  expect(names(columnsOf([], []))).toEqual([]);
});

it("measures a server by what it has, and a project by what it used", () => {
  const capacity = { cpu: 2000, memory: 8_000_000, disk: 1 };
  const [ofServer, ofProject] = [capacity, null].map((of) => panelsOf(columns(null, null), of, texts)[0]);
  expect([ofServer?.max, ofServer?.series[0]?.values, ofServer?.format(0.125)]).toEqual([1, [0.125], "13%"]);
  expect([ofProject?.max, ofProject?.series[0]?.values, ofProject?.format(250)]).toEqual([500, [250], "0.25 cores"]);
});

it.each([
  [0, 1, 1],
  [3, 1, 5],
  [12, 1, 20],
  [1200, 100, 2000],
])("rounds the top of a scale for %d up from %d to %d", (value, least, top) => {
  expect(niceTop(value, least)).toBe(top);
});
