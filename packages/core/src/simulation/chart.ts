import type { Outcome } from "./play.ts";

const colours = ["#8b8f98", "#c77f3a", "#5b7fc7", "#2f9e6e"];
const [barHeight, groupGap, labelWidth, plotWidth, top] = [14, 18, 130, 560, 60];
/** The scale runs over so many powers of ten, from 10 ms on. */
const decades = 6;
const leastMs = 10;

/** A bar chart in SVG of how long each tenant waited at most in 99 of 100 cases, for each policy, on a logarithmic scale. */
export function drawWaits(outcomes: ReadonlyMap<string, Outcome>): string {
  const names = [...outcomes.keys()];
  const [first] = outcomes.values();
  const tenants = first?.tenants ?? [];
  const groupHeight = names.length * barHeight + groupGap;
  const height = top + tenants.length * groupHeight + 30;
  const width = labelWidth + plotWidth + 90;
  const legend = names.map(
    (name, n) =>
      `<rect x="${labelWidth + n * 160}" y="32" width="12" height="12" fill="${colourOf(n)}"/>` +
      `<text x="${labelWidth + n * 160 + 18}" y="42">${escape(name)}</text>`,
  );
  const grid = Array.from({ length: decades + 1 }, (_, n) => {
    const x = labelWidth + (n / decades) * plotWidth;
    return (
      `<line x1="${x}" y1="${top}" x2="${x}" y2="${height - 24}" stroke="#8884"/>` +
      `<text x="${x}" y="${height - 8}" text-anchor="middle">${scaleText(leastMs * 10 ** n)}</text>`
    );
  });
  const groups = tenants.map(({ name }, row) => {
    const y = top + row * groupHeight;
    const bars = [...outcomes.values()].map(({ tenants: own }, n) => {
      const waitMs = own[row]?.waitP99Ms ?? 0;
      const length = Math.max(1, (Math.log10(Math.max(waitMs, leastMs) / leastMs) / decades) * plotWidth);
      return (
        `<rect x="${labelWidth}" y="${y + n * barHeight}" width="${length.toFixed(1)}" height="${barHeight - 3}" fill="${colourOf(n)}"/>` +
        `<text x="${(labelWidth + length + 6).toFixed(1)}" y="${y + n * barHeight + 10}">${scaleText(waitMs)}</text>`
      );
    });
    return `<text x="${labelWidth - 10}" y="${y + groupHeight / 2 - 4}" text-anchor="end">${escape(name)}</text>${bars.join("")}`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${width}" height="${height}" viewBox="0 0 ${width} ${height}" font-family="system-ui, sans-serif" font-size="11" fill="#778">`,
    `<text x="${labelWidth}" y="18" font-size="14">How long 99 of 100 tasks waited at most (logarithmic)</text>`,
    ...legend,
    ...grid,
    ...groups,
    "</svg>",
    "",
  ].join("\n");
}

function colourOf(index: number): string {
  return colours[index % colours.length] ?? "#888";
}

function scaleText(ms: number): string {
  if (ms < 1000) return `${Math.round(ms)} ms`;
  return ms < 100_000 ? `${Number((ms / 1000).toFixed(1))} s` : `${Math.round(ms / 1000)} s`;
}

function escape(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
