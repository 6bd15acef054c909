import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, it } from "vitest";
import { outputOf, setUp, signIn } from "./support/client.ts";
import { startQuarterdeck } from "./support/quarterdeck.ts";
import { temporaryFolder } from "./support/temporary-folder.ts";
import { waitFor } from "./support/wait-for.ts";

it("[S7] refuses runs where the platform's files cannot be hidden, until somebody agrees, which is remembered", {
  timeout: 120_000,
}, async () => {
  using data = temporaryFolder();
  const env = { QUARTERDECK_BUBBLEWRAP: join(data.path, "there-is-no-bubblewrap") };

  const first = await startQuarterdeck({ dataDir: data.path, env });
  expect(first.printed()).toMatch(/cannot be run on this machine yet.*npm start -- --allow-no-isolation/s);
  const client = await setUp(first);
  const refused = await client.waitUntil(
    (await client.run("echo", ["hello"])).taskId,
    ({ state }) => state === "ended",
  );
  expect(refused).toMatchObject({ verdict: "refused", code: "SANDBOX_UNAVAILABLE" });
  expect(refused.message).toContain("npm start -- --allow-no-isolation");
  await client.close();
  await first.stop();

  for (const args of [["--allow-no-isolation"], []]) {
    const again = await startQuarterdeck({ dataDir: data.path, env, args });
    expect(again.printed()).toContain("can read Quarterdeck's own files, as you agreed");
    const signedIn = await signIn(again.url);
    const isConsented = async () =>
      (await signedIn.api.servers.list.query())[0]?.capabilities?.isolation === "consented";
    await waitFor(isConsented, { what: "the bridge to say that somebody agreed" });
    const ran = await signedIn.waitUntil(
      (await signedIn.run("echo", ["hello"])).taskId,
      ({ state }) => state === "ended",
    );
    expect(ran).toMatchObject({ verdict: "succeeded" });
    await signedIn.close();
    await again.stop();
  }
});

it("[S7] keeps keys, journal and database from what it runs, where bubblewrap works", { timeout: 60_000 }, async () => {
  using data = temporaryFolder();
  const quarterdeck = await startQuarterdeck({ dataDir: data.path });
  const client = await setUp(quarterdeck);
  const secrets = ["keys/platform.json", "bridge/identity.json", "bridge/journal.db", "quarterdeck.db"];
  for (const file of secrets) {
    const path = join(data.path, file);
    expect(readFileSync(path).length).toBeGreaterThan(0);
    const task = await client.run("cat", [path]);
    const ended = await client.waitUntil(task.taskId, ({ state }) => state === "ended");
    expect(ended).toMatchObject({ verdict: "failed", exitCode: 1 });
    expect(await outputOf(ended)).toContain("No such file");
  }
  await client.close();
  await quarterdeck.stop();
});
