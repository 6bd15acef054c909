import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { signIn, type TestClient } from "../../apps/web/e2e/support/client.ts";
import { filesBefore, listFiles, usersBefore } from "./support/leftovers.ts";
import { waitUntilOnline } from "./support/installed-server.ts";
import { startBetween } from "./support/between.ts";
import { runInServer } from "./support/run-in-server.ts";
import { server, stage } from "./support/stage.ts";

let client: TestClient;
beforeAll(async () => {
  client = await signIn(stage.url, stage.urlFromServer);
});
afterAll(() => client.close());

async function newCommand(): Promise<string> {
  const { installCommand } = await client.api.servers.createEnrolment.mutate({});
  if (installCommand === null) throw new Error("the platform offers no installer");
  return installCommand;
}

/** The server's own entry among those of the console: the other is the machine that the tests run on. */
const listed = async () => (await client.api.servers.list.query()).find(({ isThisMachine }) => !isThisMachine);

// The last test file compares what is left with it.
beforeAll(async () => {
  await server.sh(`${listFiles} >${filesBefore}; getent passwd >${usersBefore}`);
});

/** Everything on the disk, but what the system itself writes all the time. */
const filesOnDisk = () =>
  server.sh(
    "find / -xdev \\( -path /proc -o -path /sys -o -path /run -o -path /var/log -o -path /var/lib/systemd -o -path /root/.cache \\) -prune -o ! -type d -printf '%p %s %T@ %m %u\\n' | sort",
  );

/** One bit near the end. */
function changed(body: Buffer): Buffer {
  const other = Buffer.from(body);
  const at = other.length - 20;
  other[at] = (other[at] ?? 0) ^ 1;
  return other;
}

const anotherProgram = () => gzipSync("#!/bin/sh\necho v99.0.0\n");

describe("install.sh", () => {
  it("says in a dry run what it would do, and changes nothing", async () => {
    const before = await filesOnDisk();
    const said = await server.sh(`${await newCommand()} --dry-run`);
    expect(said).toContain("would: useradd");
    expect(said).toContain("would: fetch Node");
    expect(said).toContain("Nothing was changed.");
    expect(await filesOnDisk()).toBe(before);
    expect(await listed()).toBeUndefined();
  });

  it("stops at a platform with another key, and at an address that is not encrypted", async () => {
    const command = await newCommand();
    const other = command.replace(/--platform-key \S+/, `--platform-key SHA256:${"A".repeat(43)}`);
    const stopped = await server.run(other);
    expect(stopped).toMatchObject({ exitCode: 4 });
    expect(stopped.stderr).toContain("Nothing was changed on this server.");
    const refused = await server.run(command.replace(/--allow-address \S+/, ""));
    expect(refused).toMatchObject({ exitCode: 2 });
    expect(refused.stderr).toContain("is not encrypted, which is refused");
    expect((await server.run("ls /usr/lib/quarterdeck || id quarterdeck")).exitCode).not.toBe(0);
  });

  it.each([
    ["another manifest", "/install/manifest", changed, /not signed with its key/],
    ["another Node", "/install/node/", anotherProgram, /as Node is not what its manifest describes/],
  ])("[W2] installs nothing when somebody on the way puts in %s", async (_what, path, change, message) => {
    await using between = await startBetween(path, change);
    const end = await server.run(between.reroute(await newCommand()));
    expect(end.exitCode).toBe(4);
    expect(end.stderr).toMatch(message);
    expect((await server.run("ls /usr/lib/quarterdeck/bridge || id quarterdeck")).exitCode).not.toBe(0);
  });

  it("connects the server with the one command that the console shows", async () => {
    const said = await server.sh(await newCommand(), { timeoutMs: 600_000 });
    expect(said).toContain("comes from the platform");
    expect(said).toContain("the console shows this server");
    expect(await listed()).toMatchObject({ status: "online", capabilities: { host: { hostname: "vps" } } });
    expect(await server.sh("stat -c '%U %a' /var/lib/quarterdeck-bridge/identity.json")).toBe("quarterdeck 600\n");
    expect(await server.sh("find /usr/lib/quarterdeck /usr/local/bin ! -user root -o ! -type l -perm /022")).toBe("");
    expect(await server.sh("systemctl is-active quarterdeck-bridge quarterdeck-helper")).toBe("active\nactive\n");
    const owners =
      "ps -o user= -p $(systemctl show -P MainPID quarterdeck-bridge quarterdeck-helper | xargs | tr ' ' ,)";
    expect((await server.sh(owners)).trim().split(/\s+/).toSorted()).toEqual(["quarterdeck", "root"]);
  });

  it("leaves little of the system open to the part that talks to the network", async () => {
    // The unit by itself, which is all of it where the helper starts the runs.
    await server.sh(
      "mkdir -p /root/unit && cp /etc/systemd/system/quarterdeck-bridge.service /root/unit/strict.service",
    );
    const analyze = "systemd-analyze --no-pager security --offline=true /root/unit/strict.service";
    const said = await server.sh(analyze);
    const exposure = Number(/exposure level for .*: ([\d.]+) /.exec(said)?.[1]);
    expect(said).toContain("exposure level");
    expect(exposure).toBeLessThanOrEqual(2);
  });

  it("[S7] gives another user of the server nothing of its files to read or change", async () => {
    const entry = join(import.meta.dirname, "inside/stranger.ts");
    const end = await runInServer(server, { entry, user: "nobody" });
    expect(end).toMatchObject({ exitCode: 0, stderr: "" });
    const found: unknown = JSON.parse(end.stdout);
    expect(found).toMatchObject({ canary: "vps", read: [], changed: [], made: [] });
    expect(found).not.toMatchObject({ known: 0 });
  });

  it("updates in place when it is run again: identity, journal and projects stay", async () => {
    const before = await listed();
    const kept =
      "sha256sum /var/lib/quarterdeck-bridge/identity.json /var/lib/quarterdeck-helper/own/trust.json /etc/quarterdeck/policy.toml";
    await server.sh("echo '# What its owner wrote stays.' >>/etc/quarterdeck/policy.toml");
    const identity = await server.sh(kept);
    const again = (await newCommand()).replace(/--token \S+ --platform-key \S+/, "");
    const said = await server.sh(again, { timeoutMs: 600_000 });
    expect(said).toContain("This server is connected already");
    expect(said).not.toContain("Fetching Node");
    expect(await server.sh(kept)).toBe(identity);
    expect((await waitUntilOnline(client)).serverId).toBe(before?.serverId);
  });

  it("[W2] changes nothing when somebody on the way puts in another package", async () => {
    const installed = await server.sh(`find /usr/lib/quarterdeck /etc/systemd/system -type f -exec sha256sum {} +`);
    await using between = await startBetween("/install/releases/", changed);
    const end = await server.run(between.reroute(await newCommand()));
    expect(end.exitCode).toBe(4);
    expect(end.stderr).toContain("as the bridge is not what its manifest describes");
    expect(await server.sh(`find /usr/lib/quarterdeck /etc/systemd/system -type f -exec sha256sum {} +`)).toBe(
      installed,
    );
    expect(await server.sh("systemctl is-active quarterdeck-bridge")).toBe("active\n");
  });

  it("brings a doctor that finds nothing missing", async () => {
    const end = await server.run("quarterdeck-bridge doctor");
    expect(end.stdout).not.toMatch(/^missing/m);
    expect(end.stdout).toContain("the clock is right");
    expect(end.stdout).toContain("quarterdeck-helper.service runs and starts with the system");
    expect(end.stdout).toContain("each workspace has a system user of its own");
    expect(end.stdout).toContain("systemd runs this machine, with cgroup v2");
    expect(end.stdout).toContain("disk quota of workspaces and projects is on (/)");
    expect(end.stdout).toMatch(
      /the policy \/etc\/quarterdeck\/policy\.toml is in force with \d+ rules?; only root can change it/,
    );
    // Root makes nothing in a directory of another user's.
    expect(
      await server.sh(
        "find /var/lib/quarterdeck-bridge -user root; ls -d /var/lib/quarterdeck-doctor-* 2>/dev/null || true",
      ),
    ).toBe("");
  });
});
