import { execFile } from "node:child_process";
import { createServer, type IncomingHttpHeaders } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { expect, test } from "vitest";
import { auditEntries } from "../src/db/schema.ts";
import { writeInternalAddress } from "../src/http/internal-address.ts";
import { TestApi } from "./test-api.ts";

const scripts = { keys: "../src/keys/keys-command.ts", drain: "../src/operator/drain-command.ts" } as const;

/** Runs a command of the operator as they do. */
function run(
  name: keyof typeof scripts,
  platform: TestApi,
  ...args: string[]
): Promise<{ code: number; text: string }> {
  const script = join(import.meta.dirname, scripts[name]);
  return promisify(execFile)(process.execPath, [script, ...args, "--data", platform.dataDir]).then(
    ({ stdout }) => ({ code: 0, text: stdout }),
    (error: { code: number; stderr: string }) => ({ code: error.code, text: error.stderr }),
  );
}

test("before a deployment the operator has every server leave, and learns who could not be told", async () => {
  await using platform = await TestApi.start();
  const { serverId, client } = await platform.withWorkspace();
  const { serverId: other } = await platform.connectServer(client);
  const { serverId: removed } = await platform.connectServer(client);
  await client.api.servers.revoke.mutate({ serverId: removed });

  const done = await run("drain", platform, "--within", "3");
  expect(done).toMatchObject({
    code: 0,
    text: expect.stringContaining("2 connected servers were told to leave within 3 s"),
  });
  expect(platform.relay.drains).toEqual([
    { serverId, spreadMs: 3000 },
    { serverId: other, spreadMs: 3000 },
  ]);
  const entries = await platform.api.database.db.select().from(auditEntries);
  expect(entries).toContainEqual(
    expect.objectContaining({ action: "servers.drain", actor: "platform", detail: "2 told, 0 offline, 0 failed" }),
  );

  platform.relay.waiting = { ...platform.relay.waiting, isOnline: false };
  expect((await run("drain", platform)).text).toContain(
    "0 connected servers were told to leave within 2 s. 2 more were not",
  );
  platform.relay.faults.push("fail");
  const failed = await run("drain", platform);
  expect(failed).toMatchObject({
    code: 2,
    text: expect.stringMatching(/1 could not be told.*\n {2}srv_\w+ {2}box: .*500/),
  });
  expect(await run("drain", platform, "--within", "soon")).toMatchObject({
    code: 2,
    text: expect.stringContaining("usage:"),
  });
  await platform.relay.stop();
  expect(await run("drain", platform)).toMatchObject({
    code: 2,
    text: expect.stringContaining("The relay does not answer"),
  });
});

test("a command for a platform that crashed says that it does not run, and sends its key to nobody else", async () => {
  await using platform = await TestApi.start();
  expect(await run("keys", platform)).toMatchObject({ code: 0 });
  const { internalOrigin } = platform.api;
  await platform.api.stop();
  expect((await run("keys", platform)).text).toContain("No platform runs on");

  // As a crash leaves it: the address of a listener that is gone.
  await writeInternalAddress(platform.dataDir, internalOrigin);
  for (const name of ["keys", "drain"] as const) {
    const { code, text } = await run(name, platform);
    expect({ code, text }).toEqual({
      code: 2,
      text: expect.stringMatching(/No platform runs on .* any more.*npm start/),
    });
  }

  // Somebody else has got the port since.
  const heard: IncomingHttpHeaders[] = [];
  const stranger = createServer((request, response) => {
    heard.push(request.headers);
    response.end("hello");
  });
  await new Promise<void>((resolve) => stranger.listen(0, "127.0.0.1", resolve));
  await writeInternalAddress(platform.dataDir, `http://127.0.0.1:${(stranger.address() as AddressInfo).port}`);
  expect((await run("keys", platform)).text).toMatch(/No platform runs on .* any more/);
  expect(heard).toHaveLength(1);
  expect(JSON.stringify(heard)).not.toContain(platform.api.runtime.keys.operatorKey);
  await new Promise((resolve) => stranger.close(resolve));
});
