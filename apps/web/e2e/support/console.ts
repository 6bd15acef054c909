import type { Page } from "playwright-core";
import type { Quarterdeck } from "./quarterdeck.ts";
import { waitFor } from "./wait-for.ts";

export const account = {
  email: "ada@example.org",
  password: "lantern orchard velvet 9 canyon",
  orgName: "Analytical Engines",
};

/** Creates the first account at the set-up link, as a person would. */
export async function createAccount(page: Page, { setupLink }: Quarterdeck): Promise<void> {
  if (!setupLink) throw new Error("no set-up link was printed");
  await page.goto(setupLink);
  await page.getByLabel("Email").fill(account.email);
  await page.getByLabel("Password", { exact: true }).fill(account.password);
  await page.getByLabel("Organization name").fill(account.orgName);
  await page.getByRole("button", { name: "Create account" }).click();
  await page.getByRole("heading", { name: "Servers" }).waitFor();
}

export async function createWorkspace(page: Page, url: string, name: string): Promise<void> {
  await page.goto(`${url}/workspaces`);
  await page.getByRole("button", { name: "New workspace" }).first().click();
  const dialog = page.getByRole("dialog");
  await dialog.getByLabel("Name").fill(name);
  await dialog.getByRole("button", { name: "Create workspace" }).click();
  await page.getByRole("heading", { name }).waitFor();
}

/** Fills in the form "Run a program" of the page and starts it; ends on the run's page. */
export async function runProgram(page: Page, program: string, args: string): Promise<void> {
  await page.getByLabel("Program").fill(program);
  await page.getByLabel("Arguments").fill(args);
  await page.getByRole("button", { name: "Run", exact: true }).click();
  await page.waitForURL(/\/runs\/|\/tasks\//);
}

/** The verdict that the run's page shows, once there is one. */
export async function verdict(page: Page, timeoutMs = 60_000): Promise<string> {
  return waitFor(
    async () =>
      page
        .getByRole("status")
        .and(page.locator("[data-verdict]"))
        .first()
        .getAttribute("data-verdict", { timeout: timeoutMs }),
    {
      what: "a verdict",
      timeoutMs,
    },
  );
}

export function output(page: Page) {
  return page.getByRole("log", { name: "Output" });
}
