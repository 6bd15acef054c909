import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { newTaskId, signIn, type TestClient } from "../../apps/web/e2e/support/client.ts";
import { waitFor } from "../../apps/web/e2e/support/wait-for.ts";
import { waitUntilOnline, workspaceOn } from "./support/installed-server.ts";
import { filesBefore, listFiles, usersBefore } from "./support/leftovers.ts";
import { server, stage } from "./support/stage.ts";

let client: TestClient;
beforeAll(async () => {
  client = await signIn(stage.url, stage.urlFromServer);
});
afterAll(() => client.close());

const uninstall = `curl -fsSL ${stage.urlFromServer}/install.sh | sh -s -- --uninstall`;

describe("install.sh --uninstall", () => {
  it("says in a dry run what it would do, and leaves everything as it is", async () => {
    const said = await server.sh(`${uninstall} --dry-run`);
    expect(said).toContain("would: systemctl disable");
    expect(said).toContain("quarterdeck-helper.service");
    expect(said).toContain("Nothing was changed.");
    expect(await server.sh("systemctl is-active quarterdeck-bridge")).toBe("active\n");
  });

  it("ends all runs and leaves the projects and nothing else", async () => {
    const { serverId } = await waitUntilOnline(client);
    const workspaceId = await workspaceOn(client, serverId);
    const taskId = newTaskId();
    const params = { program: "sleep", args: ["864000"] };
    await client.api.tasks.submit.mutate({ taskId, workspaceId, projectId: null, action: "exec", params });
    await client.waitUntil(taskId, ({ state }) => state === "running", 480_000);
    const projects = await client.api.projects.list.query({ workspaceId });
    expect(projects.length).toBeGreaterThan(0);

    const said = await server.sh(uninstall, { timeoutMs: 600_000 });
    for (const { projectId } of projects) expect(said).toContain(projectId);

    // The brackets keep it from finding itself.
    expect((await server.run("pgrep -af '[s]leep 864000|[q]uarterdeck-bridge'")).stdout).toBe("");
    const left = [
      "/run/quarterdeck",
      "/sys/fs/cgroup/qd.slice",
      "/run/systemd/system.control/qd-*",
      "/run/systemd/transient/qd-*",
    ];
    expect(await server.sh(`ls -d ${left.join(" ")} 2>/dev/null || true`)).toBe("");
    expect(await server.sh("systemctl list-units --all --no-legend --plain 'quarterdeck-*' 'qd-*' qd.slice")).toBe("");
    expect(await server.sh(`getent passwd | diff ${usersBefore} - && getent group quarterdeck || true`)).toBe("");
    const diff = await server.sh(`${listFiles} | diff ${filesBefore} - || true`);
    const lines = diff.split("\n").filter((line) => /^[<>]/.test(line));
    // Backups that useradd and userdel make.
    const notOurs = /^> \/(etc\/(passwd|shadow|group|gshadow|subuid|subgid)-)/;
    const projectFolder = new RegExp(
      `^> /var/lib/quarterdeck-(bridge|helper)(/workspaces(/${workspaceId}(/projects(/(${projects.map(({ projectId }) => projectId).join("|")})(/.*)?)?)?)?)?$`,
    );
    expect(lines.filter((line) => !notOurs.test(line) && !projectFolder.test(line))).toEqual([]);
    expect(lines.some((line) => line.endsWith("/sample.test.js"))).toBe(true);
    expect(await server.sh("find /var/lib/quarterdeck-* ! -user root -o ! -group root")).toBe("");
    const isOffline = async () =>
      (await client.api.servers.list.query()).some((one) => one.serverId === serverId && one.status === "offline");
    await waitFor(isOffline, { what: "the console to show that it is gone", timeoutMs: 120_000 });
  });

  it("finds nothing to do when it is run again", async () => {
    expect(await server.sh(uninstall)).toContain("Removed.");
  });
});
