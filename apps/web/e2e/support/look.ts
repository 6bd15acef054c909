import { AxeBuilder } from "@axe-core/playwright";
import type { Page } from "playwright-core";
import { takeScreenshot } from "./browser.ts";

/** Each width and each theme once. */
const looks = [
  { name: "wide", width: 1440, height: 900, colorScheme: "light" },
  { name: "narrow", width: 360, height: 740, colorScheme: "dark" },
] as const;

/** What is wrong with how a page looks now, for whoever reads why a test failed. */
export async function findProblems(page: Page, label: string): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  const found = violations.map(
    ({ id, nodes }) => `${label}: ${id} at ${nodes.map((node) => node.target.join(" ")).join(", ")}`,
  );
  const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
  return overflow > 0 ? [...found, `${label}: ${overflow} pixels wider than the window`] : found;
}

/** What is wrong with how a page looks in each width and theme; leaves pictures of it. */
export async function look(page: Page, label: string): Promise<string[]> {
  const found: string[] = [];
  for (const { name, colorScheme, ...viewport } of looks) {
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    await takeScreenshot(page, `${label}-${name}`);
    found.push(...(await findProblems(page, `${label} ${name}`)));
  }
  await page.setViewportSize({ width: 1280, height: 900 });
  await page.emulateMedia({ colorScheme: "light", reducedMotion: "reduce" });
  return found;
}
