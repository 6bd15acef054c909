import { join } from "node:path";
import { DatabaseSync } from "node:sqlite";
import { AxeBuilder } from "@axe-core/playwright";
import { Secret, TOTP } from "otpauth";
import type { Page } from "playwright-core";
import { expect, it } from "vitest";
import { openPage, takeScreenshot } from "./support/browser.ts";
import { account, createAccount } from "./support/console.ts";
import { withConsole } from "./support/with-console.ts";

const looks = {
  "wide-light": { viewport: { width: 1440, height: 900 }, colorScheme: "light" },
  "narrow-dark": { viewport: { width: 360, height: 740 }, colorScheme: "dark" },
} as const;

/** What axe finds on the page as it stands; pictures stay for people. */
async function violationsOf(page: Page, name: string): Promise<string[]> {
  const found: string[] = [];
  for (const [look, { viewport, colorScheme }] of Object.entries(looks)) {
    await page.setViewportSize(viewport);
    await page.emulateMedia({ colorScheme, reducedMotion: "reduce" });
    const label = `${name}-${look}`;
    await takeScreenshot(page, label);
    const { violations } = await new AxeBuilder({ page }).analyze();
    found.push(...violations.map(({ id, nodes }) => `${label}: ${id} at ${nodes.map(({ target }) => target).join()}`));
    const overflow = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
    if (overflow > 0) found.push(`${label}: ${overflow} pixels wider than the window`);
  }
  await page.setViewportSize({ width: 1280, height: 900 });
  return found;
}

/** An authenticator that is in the machine, unlocked by its user. */
async function addAuthenticator(page: Page): Promise<void> {
  const devtools = await page.context().newCDPSession(page);
  await devtools.send("WebAuthn.enable");
  await devtools.send("WebAuthn.addVirtualAuthenticator", {
    options: {
      protocol: "ctap2",
      transport: "internal",
      hasResidentKey: true,
      hasUserVerification: true,
      isUserVerified: true,
      automaticPresenceSimulation: true,
    },
  });
}

/** As if everybody had signed in long ago. */
function forgetProofs(dataDir: string): void {
  const database = new DatabaseSync(join(dataDir, "quarterdeck.db"), { timeout: 5000 });
  try {
    database.exec(`update auth_sessions set "authenticatedAtMs" = 1`);
  } finally {
    database.close();
  }
}

function codeOf(secret: string, stepsAhead = 0): string {
  return new TOTP({ secret: Secret.fromBase32(secret) }).generate({ timestamp: Date.now() + stepsAhead * 30_000 });
}

async function signOut(page: Page): Promise<void> {
  await page.getByRole("button", { name: "Account and theme" }).click();
  await page.getByRole("menuitem", { name: "Sign out" }).click();
  await page.getByRole("heading", { name: "Sign in" }).waitFor();
}

async function givePassword(page: Page): Promise<void> {
  await page.getByLabel("Email").fill(account.email);
  await page.getByLabel("Password", { exact: true }).fill(account.password);
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
}

async function keepCodes(page: Page): Promise<string[]> {
  const dialog = page.getByRole("dialog", { name: "Keep your recovery codes" });
  const codes = (await dialog.getByLabel("Recovery codes").innerText()).trim().split("\n");
  await dialog.getByRole("button", { name: "I have kept them" }).click();
  await dialog.waitFor({ state: "detached" });
  return codes;
}

it("turns two-step sign-in on, signs in with a code and with a recovery code, and asks again before what is dangerous [T5]", {
  timeout: 120_000,
}, async () => {
  await withConsole("two-step", async ({ quarterdeck, page }) => {
    await createAccount(page, quarterdeck);
    await page.goto(`${quarterdeck.url}/settings/account`);
    await page.getByRole("heading", { name: "Sessions" }).waitFor();
    await page.locator("[data-skeleton]").first().waitFor({ state: "detached" });
    const found = await violationsOf(page, "account");

    await page.getByRole("button", { name: "Set up" }).click();
    const setUp = page.getByRole("dialog");
    await setUp.getByRole("img", { name: "QR code for the authenticator app" }).waitFor();
    found.push(...(await violationsOf(page, "account-totp")));
    const secret = (await setUp.getByLabel("Or type this in").innerText()).trim();
    await setUp.getByLabel("Code of the app").fill(codeOf(secret));
    await setUp.getByRole("button", { name: "Turn on" }).click();
    const codes = await keepCodes(page);
    expect(codes).toHaveLength(10);
    await page.getByText("10 codes are left.").waitFor();

    await signOut(page);
    await givePassword(page);
    await page.getByRole("heading", { name: "Confirm that it is you" }).waitFor();
    found.push(...(await violationsOf(page, "second-step")));
    await page.getByLabel("Code").fill("000000");
    await page.getByRole("button", { name: "Confirm" }).click();
    await page.getByText("This code is wrong or has been used.").waitFor();
    await page.getByLabel("Code").fill(codeOf(secret, 1));
    await page.getByRole("button", { name: "Confirm" }).click();
    await page.getByRole("heading", { name: "Servers" }).waitFor();

    await signOut(page);
    await givePassword(page);
    await page.getByLabel("Code").fill(codes[0] ?? "");
    await page.getByRole("button", { name: "Confirm" }).click();
    await page.getByRole("heading", { name: "Servers" }).waitFor();

    await page.goto(`${quarterdeck.url}/settings/account`);
    await page.getByText("9 codes are left.").waitFor();
    forgetProofs(quarterdeck.dataDir);
    await page.getByRole("button", { name: "Remove: Authenticator app" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Remove" }).click();
    const proof = page.getByRole("dialog", { name: "Confirm that it is you" });
    await proof.getByLabel("Code").fill(codes[1] ?? "");
    found.push(...(await violationsOf(page, "step-up")));
    await proof.getByRole("button", { name: "Confirm", exact: true }).click();
    await page.getByText("The authenticator app was removed.").first().waitFor();
    await page.getByRole("button", { name: "Set up" }).waitFor();
    expect(found).toEqual([]);
  });
});

it("signs in with a passkey and nothing else, lists where one is signed in, and signs others out [T5]", {
  timeout: 120_000,
}, async () => {
  await withConsole("passkey", async ({ quarterdeck, page, browser }) => {
    await addAuthenticator(page);
    await createAccount(page, quarterdeck);
    const settings = `${quarterdeck.url}/settings/account`;
    await page.goto(settings);
    await page.getByRole("button", { name: "Add a passkey" }).click();
    const naming = page.getByRole("dialog");
    await naming.getByLabel("Name").fill("Laptop");
    await naming.getByRole("button", { name: "Add a passkey" }).click();
    await keepCodes(page);
    const passkeys = page.getByRole("table", { name: "Passkeys" });
    await passkeys.getByText("Laptop").waitFor();
    await page.getByRole("button", { name: "Remove the password" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Remove the password" }).click();
    await page.getByText("None: only passkeys sign in.").waitFor();
    const found = await violationsOf(page, "account-passkey");

    // The only way in stays.
    await page.getByRole("button", { name: "Remove Laptop" }).click();
    await page.getByRole("alertdialog").getByRole("button", { name: "Remove" }).click();
    await page.getByText("This passkey is the only way into your account.").first().waitFor();

    await signOut(page);
    await page.getByRole("button", { name: "Sign in with a passkey" }).click();
    await page.getByRole("heading", { name: "Servers" }).waitFor();

    // The passkey also answers before what is dangerous, for a page that was left open.
    await page.goto(settings);
    await page.getByRole("button", { name: "Set a password" }).click();
    forgetProofs(quarterdeck.dataDir);
    await page.getByRole("dialog").getByLabel("New password").fill("seven quiet brown lanterns");
    await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
    await page.getByRole("button", { name: "Confirm with a passkey" }).click();
    await page.getByText("The password was changed.").first().waitFor();
    await page.getByText("Set", { exact: true }).waitFor();

    // Somebody who has the password only is asked for more; a stolen session is ended.
    const { page: other } = await openPage(browser);
    await other.context().addCookies((await page.context().cookies()).filter(({ name }) => name === "quarterdeck"));
    await other.goto(settings);
    await other.getByText("This one").waitFor();
    await page.getByRole("button", { name: "Change the password" }).click();
    await page.getByRole("dialog").getByLabel("Current password").fill("seven quiet brown lanterns");
    await page.getByRole("dialog").getByLabel("New password").fill("eight quiet brown lanterns");
    await page.getByRole("dialog").getByRole("button", { name: "Save" }).click();
    await page.getByText("The password was changed.").first().waitFor();
    await other.getByRole("heading", { name: "Sign in" }).waitFor();
    expect(found).toEqual([]);
  });
});

it("shows a page for each link, which says what is missing without one", { timeout: 120_000 }, async () => {
  await withConsole("account-links", async ({ quarterdeck, page }) => {
    await createAccount(page, quarterdeck);
    await signOut(page);
    await page.getByRole("link", { name: "Forgot your password?" }).click();
    const found = await violationsOf(page, "forgot-password");
    await page.getByLabel("Email").fill(account.email);
    await page.getByRole("button", { name: "Send the link" }).click();
    await page.getByText("Look into your mail").waitFor();
    for (const [path, text] of [
      ["reset-password", "Open the link that was sent to you"],
      ["email-link", "Open the link that was sent to you"],
      ["sign-up", "New accounts are by invitation here"],
    ] as const) {
      await page.goto(`${quarterdeck.url}/${path}`);
      await page.getByText(text).waitFor();
      found.push(...(await violationsOf(page, path)));
    }
    await page.goto(`${quarterdeck.url}/reset-password#token=qd_link_made_up`);
    await page.getByLabel("New password").fill("seven quiet brown lanterns");
    await page.getByRole("button", { name: "Set the password" }).click();
    await page.getByText("This link is not valid.").waitFor();
    expect(found).toEqual([]);
  });
});
