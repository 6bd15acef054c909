import { createClient } from "@quarterdeck/api/client";
import { expect, it } from "vitest";
import { setUp } from "./support/client.ts";
import { look } from "./support/look.ts";
import { withConsole } from "./support/with-console.ts";

const guest = { email: "grace@example.org", password: "harbour velvet 7 nine pebbles" };

it("[T1] whoever is removed from their last organization is told so on the open page, signs in again, and joins again", {
  timeout: 180_000,
}, async () => {
  await withConsole("no-org", async ({ quarterdeck, page }) => {
    const found: string[] = [];
    const owner = await setUp(quarterdeck);
    await owner.workspaceId();
    const { link } = await owner.api.invitations.create.mutate({ email: guest.email, role: "viewer" });
    const member = createClient({ url: quarterdeck.url });
    const token = link.split("#token=")[1] ?? "";
    const { account } = await member.api.invitations.acceptAsNew.mutate({ token, password: guest.password });
    const signIn = async () => {
      await page.getByLabel("Email").fill(guest.email);
      await page.getByLabel("Password", { exact: true }).fill(guest.password);
      await page.getByRole("button", { name: "Sign in", exact: true }).click();
    };
    const alone = page.getByRole("heading", { name: "You are in no organization" });
    const server = page.locator('a[href^="/servers/srv_"]').first();

    await page.goto(`${quarterdeck.url}/servers`);
    await signIn();
    await server.waitFor();
    await owner.api.members.remove.mutate({ userId: account.userId });
    await alone.waitFor({ timeout: 5000 });
    expect(await server.count()).toBe(0);
    found.push(...(await look(page, "no-org")));

    // Pages of an org lead back, those of the account open.
    await page.goto(`${quarterdeck.url}/settings/members`);
    await alone.waitFor();
    await page.getByRole("link", { name: "Account settings" }).click();
    await page.getByRole("heading", { name: "Account", exact: true }).waitFor();
    expect(await page.getByRole("link", { name: "Members" }).count()).toBe(0);
    found.push(...(await look(page, "no-org-account")));

    await page.getByRole("button", { name: "Sign out", exact: true }).click();
    await page.getByRole("heading", { name: "Sign in" }).waitFor();
    await signIn();
    await alone.waitFor();

    await page.getByLabel("Link of the invitation").fill(`${quarterdeck.url}/servers`);
    await page.getByRole("button", { name: "Open the invitation" }).click();
    await page.getByText("This is no link of an invitation").waitFor();
    const again = await owner.api.invitations.create.mutate({ email: guest.email, role: "viewer" });
    await page.getByLabel("Link of the invitation").fill(again.link);
    await page.getByRole("button", { name: "Open the invitation" }).click();
    await page.getByRole("button", { name: /^Join / }).click();
    await server.waitFor();

    // Removed once more: an organization of their own has nothing of the old one.
    await owner.api.members.remove.mutate({ userId: account.userId });
    await alone.waitFor({ timeout: 5000 });
    await page.getByRole("button", { name: "New organization" }).click();
    await page.getByRole("dialog").getByLabel("Organization name").fill("Harbour");
    await page.getByRole("dialog").getByRole("button", { name: "Create organization" }).click();
    await page.getByRole("heading", { name: "Servers" }).waitFor();
    await page.getByText("Harbour").first().waitFor();
    expect(await server.count()).toBe(0);
    expect(found).toEqual([]);
    await Promise.all([member.close(), owner.close()]);
  });
});
