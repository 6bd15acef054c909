import { readFileSync } from "node:fs";
import { expect } from "vitest";
import type { Browser, Page } from "playwright-core";
import { launchBrowser, openPage, takeScreenshot } from "./browser.ts";
import { startQuarterdeck, type Quarterdeck } from "./quarterdeck.ts";
import { temporaryFolder } from "./temporary-folder.ts";

export interface Console {
  readonly quarterdeck: Quarterdeck;
  readonly browser: Browser;
  readonly page: Page;
}

/**
 * Runs a test with a platform and a browser of its own, and ends both. When the test fails, a picture of the page and the
 * ends of the logs stay for people. An error that was thrown inside the page fails the test too.
 */
export async function withConsole(
  name: string,
  test: (console: Console) => Promise<void>,
  { env }: { env?: NodeJS.ProcessEnv } = {},
): Promise<void> {
  using data = temporaryFolder();
  const quarterdeck = await startQuarterdeck({ dataDir: data.path, ...(env && { env }) });
  const browser = await launchBrowser();
  try {
    const { page, errors } = await openPage(browser);
    try {
      await test({ quarterdeck, browser, page });
    } catch (error) {
      await takeScreenshot(page, `failed-${name}`);
      console.error(
        `The page was ${page.url()}; its errors: ${JSON.stringify(errors)}\n${quarterdeck.printed()}\n${endsOfLogs(data.path)}`,
      );
      throw error;
    }
    expect(errors).toEqual([]);
  } finally {
    await browser.close();
    await quarterdeck.stop();
  }
}

function endsOfLogs(dataDir: string): string {
  return ["api", "relay", "bridge"]
    .map((part) => {
      const lines = readFileSync(`${dataDir}/logs/${part}.log`, "utf8").trimEnd().split("\n");
      return `-- ${part}\n${lines
        .slice(-6)
        .map((line) => line.slice(0, 600))
        .join("\n")}`;
    })
    .join("\n");
}
