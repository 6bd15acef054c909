import { once } from "node:events";
import { existsSync, lstatSync, mkdirSync, readdirSync, statSync, writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { arch, networkInterfaces } from "node:os";
import { basename, dirname, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { startCompanion } from "../src/wrapper/companion.ts";
import { Changes } from "./changes.ts";
import { startCall, TestSandbox, type TestWorkspace } from "./sandboxed-program.ts";

let test: TestSandbox;
let workspace: TestWorkspace;
beforeAll(async () => {
  test = await TestSandbox.open();
  workspace = test.workspace();
});
afterAll(() => test[Symbol.dispose]());

async function lines(of: TestWorkspace, script: string): Promise<string[]> {
  const { output } = await of.shell(script);
  return output.split("\n").filter((line) => line !== "");
}

describe("files", () => {
  it("of the machine are only what programs need [S7]", async () => {
    expect(
      await lines(
        workspace,
        "ls /etc | grep -xE 'shadow|gshadow|sudoers|crontab|ssh|systemd|machine-id|hostname'; ls /etc/ssh",
      ),
    ).toEqual([
      "ssh",
      ...["ssh_config", "ssh_config.d", "ssh_known_hosts"].filter((name) => existsSync(`/etc/ssh/${name}`)),
    ]);
    const gone = [
      "/sys",
      "/boot",
      "/home",
      "/mnt",
      "/srv",
      "/var/lib",
      "/var/log",
      "/run/docker.sock",
      "/var/run",
      "/run/dbus",
      "/run/user",
      "/run/systemd",
      // The folders above Node are there, with nothing else in them.
    ].filter((path) => !process.execPath.startsWith(`${path}/`));
    expect(await lines(workspace, `for path in ${gone.join(" ")}; do [ -e $path ] && echo $path; done`)).toEqual([]);
    expect((await lines(workspace, "cut -d: -f1 /etc/passwd")).toSorted()).toEqual(["nobody", "root", "workspace"]);
  });

  it("of the bridge are not there, whatever their mode [S7]", async () => {
    writeFileSync(join(test.data.path, "identity.json"), "secret", { mode: 0o644 });
    expect(await lines(workspace, `cat ${test.data.path}/identity.json; ls ${test.data.path}`)).toEqual(["workspaces"]);
  });

  it("of another project of the same workspace are not there [S7]", async () => {
    const other = join(workspace.project, "../prj_00000000000000000000000000");
    mkdirSync(other, { recursive: true, mode: 0o755 });
    writeFileSync(join(other, "file"), "secret", { mode: 0o644 });
    expect(await lines(workspace, `cat ${other}/file; ls ..`)).toEqual([workspace.project.split("/").at(-1)]);
  });

  it("can be written in the own folders and a /tmp of its own only, and belong to the workspace [S6] [S7]", async () => {
    const ofTheMachine = ["/", "/usr", "/usr/local", "/etc", "/var", "/run", "/proc/sys/kernel"];
    // A bridge's own user owns the empty folders in between, which are the run's alone.
    const between = ["/dev", test.data.path, workspace.path, `${workspace.project}/..`];
    const folders = [...ofTheMachine, ...(test.sandbox.users === null ? [] : between)];
    expect(
      await lines(workspace, `for path in ${folders.join(" ")}; do : > $path/.written && echo $path; done 2>/dev/null`),
    ).toEqual([]);
    expect(
      await lines(
        workspace,
        "for path in . $HOME /tmp /var/tmp /dev/shm; do echo x > $path/written && cat $path/written; done",
      ),
    ).toHaveLength(5);
    expect(existsSync("/tmp/written")).toBe(false);
    const { uid, mode } = statSync(join(workspace.project, "written"));
    expect(uid).toBe(workspace.place.user?.uid ?? process.getuid?.());
    expect(mode & 0o7000).toBe(0);
  });

  it("of the run cannot replace the folders that it was given by links [S6]", async () => {
    await workspace.shell(
      `cd /; mv ${workspace.project} ${workspace.home}/moved; rm -rf ${workspace.project}; ln -s /etc ${workspace.project}; rmdir ${workspace.home}; ln -s /etc ${workspace.home}`,
    );
    for (const folder of [workspace.project, workspace.home]) expect(lstatSync(folder).isDirectory()).toBe(true);
    expect(await lines(workspace, "echo again")).toEqual(["again"]);
  });

  it("that are devices or set user ids cannot be made useful [S6] [S7]", async () => {
    expect(
      await lines(
        workspace,
        "mknod disk b 254 0 2>/dev/null && echo made; ls /dev | grep -E '^(vd|sd|nvme|xvd|kvm|fuse|mem|kmsg|net)'",
      ),
    ).toEqual([]);
    const suid =
      "cp /usr/bin/id own-id; chmod 4755 own-id; ./own-id -u; su -c 'id -u' </dev/null 2>/dev/null; sudo -n id -u 2>/dev/null";
    expect(await lines(workspace, suid)).toEqual([String(workspace.place.user?.uid ?? process.getuid?.())]);
  });
});

describe("a program", () => {
  it("has no capability, can get none, and is the workspace's user without other groups [S7]", async () => {
    const { output } = await workspace.shell("cat /proc/self/status");
    const status = Object.fromEntries(output.split("\n").map((line) => line.split(/:\s+/)));
    for (const kind of ["CapInh", "CapPrm", "CapEff", "CapAmb"])
      expect([kind, status[kind]]).toEqual([kind, "0".repeat(16)]);
    expect(status).toMatchObject({ NoNewPrivs: "1", Seccomp: "2" });
    const user = workspace.place.user;
    if (user === null) return;
    expect(status).toMatchObject({ CapBnd: "0".repeat(16), Groups: "" });
    expect(status["Uid"]).toBe(Array(4).fill(user.uid).join("\t"));
  });

  it("sees no process but its own [S7]", async () => {
    expect(Number((await lines(workspace, "ls -d /proc/[0-9]* | wc -l"))[0])).toBeLessThan(8);
    expect(
      await lines(
        workspace,
        "cat /proc/keys /proc/key-users; cat /proc/1/environ /proc/1/maps 2>/dev/null; ls /proc/1/fd /proc/1/cwd/ 2>/dev/null",
      ),
    ).toEqual([]);
  });

  it("gets no further with the calls that open kernels [S7]", async () => {
    const numbers = arch() === "arm64" ? arm64Calls : x64Calls;
    const script = `use Errno; my ($t, $n, $v) = ("user", "qd-test", "x"); my %calls = (
      ptrace => [${numbers.ptrace}, 0, 0, 0, 0], addKey => [${numbers.addKey}, $t, $n, $v, 1, -3], unshareUser => [${numbers.unshare}, 0x10000000],
      unshareMount => [${numbers.unshare}, 0x20000], ioUring => [425, 1, 0], clone3 => [435, 0, 0], userfaultfd => [${numbers.userfaultfd}, 1],
      personality => [${numbers.personality}, 0x40000], alg => [${numbers.socket}, 38, 5, 0], packet => [${numbers.socket}, 17, 3, 0],
      vsock => [${numbers.socket}, 40, 1, 0], netfilter => [${numbers.socket}, 16, 3, 12], newer => [467, 0, 0]);
      for my $name (sort keys %calls) { my $r = syscall(@{$calls{$name}}[0], @{$calls{$name}}[1..$#{$calls{$name}}]); print "$name ", $r < 0 ? $!+0 : "done", "\\n"; }`;
    const { output, errors } = await workspace.run("/usr/bin/perl", ["-e", script]);
    expect(errors).toBe("");
    expect(
      Object.fromEntries(
        output
          .trim()
          .split("\n")
          .map((line) => line.split(" ")),
      ),
    ).toEqual({
      ptrace: "1",
      addKey: "1",
      unshareUser: "1",
      unshareMount: "1",
      userfaultfd: "1",
      personality: "1",
      ioUring: "38",
      clone3: "38",
      newer: "38",
      alg: "97",
      packet: "97",
      vsock: "97",
      netfilter: "93",
    });
  });

  it("makes no user namespace and mounts nothing [S7]", async () => {
    expect(
      await lines(
        workspace,
        "unshare -U echo made; unshare -Ur mount -t tmpfs none /tmp && echo made; mount -t tmpfs none . && echo made; umount /etc && echo made",
      ),
    ).toEqual([]);
  });

  it("finds Node and its tools where the machine has them", async () => {
    const { output } = await workspace.run(process.execPath, [
      "-e",
      "console.log(process.version, require('node:os').userInfo().username)",
    ]);
    expect(output.trim()).toBe(`${process.version} workspace`);
    expect((await lines(workspace, "npm --version"))[0]).toMatch(/^\d+\./);
  });
});

const x64Calls = { ptrace: 101, addKey: 248, unshare: 272, userfaultfd: 323, personality: 135, socket: 41 };
const arm64Calls = { ptrace: 117, addKey: 217, unshare: 97, userfaultfd: 282, personality: 92, socket: 198 };

describe("the network", () => {
  let server: Server;
  let port: number;
  const asked: string[] = [];
  beforeAll(async () => {
    server = createServer((request, response) => {
      asked.push(request.url ?? "");
      response.end("reached");
    }).listen(0, "0.0.0.0");
    await once(server, "listening");
    port = (server.address() as AddressInfo).port;
  });
  afterAll(() => new Promise((resolve) => server.close(resolve)));

  const fetchAll = (urls: readonly string[]) =>
    `Promise.all(${JSON.stringify(urls)}.map((url) => fetch(url).then(async (answer) => answer.status + ' ' + (await answer.text()).trim(), (error) => String(error.cause?.code ?? error.message)))).then((all) => console.log(JSON.stringify(all)))`;
  /** Asks the proxy that the environment names, in both ways. */
  const askProxy = (targets: readonly string[]) => `
    const http = require('node:http');
    const { hostname, port } = new URL(process.env.HTTP_PROXY);
    const asked = (options) => new Promise((resolve) => {
      const request = http.request({ host: hostname, port, agent: false, ...options });
      const read = (answer) => { let text = ''; answer.on('data', (chunk) => text += chunk).on('end', () => resolve(answer.statusCode + ' ' + text.trim())); };
      request.on('response', read).on('connect', (answer, socket, head) => { let text = head.toString(); socket.on('data', (chunk) => text += chunk).on('close', () => resolve(answer.statusCode + ' ' + text.trim())); });
      request.on('error', (error) => resolve(error.message)).end();
    });
    Promise.all(${JSON.stringify(targets)}.map(async (target) => await asked({ path: 'http://' + target + '/' }) + ' ' + await asked({ method: 'CONNECT', path: target }))).then((all) => console.log(JSON.stringify(all)));`;
  const ask = async (of: TestWorkspace, urls: readonly string[]) => {
    const { output, errors } = await of.run(process.execPath, ["-e", fetchAll(urls)]);
    if (output === "") throw new Error(errors);
    return JSON.parse(output) as string[];
  };
  const ownAddresses = () =>
    Object.values(networkInterfaces()).flatMap((all) =>
      (all ?? []).flatMap(({ address, family }) => (family === "IPv4" ? [address] : [])),
    );

  it("is not there for a run that may have none: not even the machine's own ports [S7]", async () => {
    const answers = await ask(
      workspace,
      ownAddresses().map((address) => `http://${address}:${port}/`),
    );
    expect(answers.length).toBeGreaterThan(0);
    expect(answers.filter((answer) => !/ECONNREFUSED|ENETUNREACH/.test(answer))).toEqual([]);
    expect(await lines(workspace, "sed 1,2d /proc/net/dev | grep -v ' lo:'; sed 1d /proc/net/route")).toEqual([]);
    expect(asked).toEqual([]);
  });

  it("of a list leads through the proxy only, and to no address that is not public, even if it is listed [S7] [T6]", async () => {
    const hosts = [
      `127.0.0.1:${port}`,
      `localhost:${port}`,
      ...ownAddresses().map((address) => `${address}:${port}`),
      "169.254.169.254",
    ];
    const listed = test.workspace({ mode: "allowList", hosts });
    const targets = [
      `127.0.0.1:${port}`,
      `localhost:${port}`,
      "169.254.169.254:80",
      "other.example:80",
      "2130706433:80",
    ];
    const { output, errors } = await listed.run(process.execPath, ["-e", askProxy(targets)]);
    if (output === "") throw new Error(errors);
    const [loopback, name, metadata, unlisted, decimal] = JSON.parse(output) as string[];
    const notPublic = (host: string) =>
      `Quarterdeck: ${host} is at no address of the open internet, and runs may reach no others.`;
    const notListed = (host: string) => `Quarterdeck: ${host} is not among the hosts that this project may reach.`;
    // For http by the request, and for everything else by CONNECT.
    const twice = (reason: string, other = reason) => `403 ${reason} 403 ${other}`;
    expect(loopback).toBe(twice(notPublic("127.0.0.1")));
    expect(name).toBe(twice(notPublic("localhost")));
    expect(metadata).toBe(twice(notPublic("169.254.169.254")));
    expect(unlisted).toBe(twice(notListed("other.example")));
    expect(decimal).toBe(twice(notListed("127.0.0.1"), notListed("2130706433")));
    const direct = await ask(
      listed,
      ownAddresses().map((address) => `http://${address}:${port}/`),
    );
    expect(direct.filter((answer) => answer.includes("reached"))).toEqual([]);
    expect(asked).toEqual([]);
  });

  it("of a list passes the program's end, output and arguments on, and leaves nothing of the proxy", async () => {
    const listed = test.workspace({ mode: "allowList", hosts: [] });
    const { exitCode, output } = await listed.run("/bin/sh", ["-c", 'echo "$1"; exit 7', "sh", "a b"]);
    expect([exitCode, output]).toEqual([7, "a b\n"]);
    expect(readdirSync(join(test.data.path, "sandbox/egress"))).toEqual([]);
  });

  it("of a list has a proxy that the host knows and holds to a limit, which the run cannot speak to in its place [S7]", async () => {
    const listed = test.workspace({ mode: "allowList", hosts: [] });
    const { of } = listed;
    const ledger = test.sandbox.egress!.ledger;
    ledger.setLimit({ ...of, projectId: null }, 500_000, 0);
    ledger.setLimit(of, 200_000, 0);
    const folder = join(test.data.path, "sandbox");
    const script = `ls ${folder}/meters /run/quarterdeck 2>&1 | grep -c sock; cat`;
    const call = listed.call("/bin/sh", ["-c", script]);
    const end = startCompanion(call.companion!);
    const { child, line } = await startCall(call);
    const changes = new Changes();
    await changes.until(() => ledger.standing(of).proxies === 1 && ledger.standing(of).isHeard, "its proxy");
    expect(ledger.standing(of)).toMatchObject({ rate: 200_000, isExceeded: false });
    const socket = call.companion!.args[2]!;
    const meters = dirname(socket);
    expect(meters).toBe(join(folder, "meters"));
    expect([statSync(meters).mode & 0o777, statSync(socket).mode & 0o777]).toEqual([0o700, 0o600]);
    expect(line).toBe("0");
    child.stdin?.end();
    await once(child, "exit");
    end();
    const name = basename(socket, ".sock");
    const isForgotten = () => readdirSync(meters).every((file) => !file.startsWith(name));
    await changes.until(isForgotten, "the end of what is known of it");
    expect(ledger.standing(of).proxies).toBe(0);
  });
});
