// What can one workspace see of another? A plain script without dependencies, run in both.
//
//   node probe.mjs plant                in the first: leaves something in each way, prints what as one line of JSON, and stays until
//                                       its standard input ends or a file `probe-stop` appears in its folder (at most five minutes)
//   node probe.mjs look JSON            in the second: tries each way, and prints one line of JSON: for each what it got, or null
//
// Whatever it prints as not null, it saw.
import { execFileSync, spawn } from "node:child_process";
import { randomBytes } from "node:crypto";
import { createSocket } from "node:dgram";
import fs from "node:fs";
import net from "node:net";
import os from "node:os";
import { join } from "node:path";

const attempt = (work) => {
  try {
    return work() ?? null;
  } catch {
    return null; // It could not: that is the answer.
  }
};
const run = (program, args) => execFileSync(program, args, { encoding: "utf8", stdio: ["ignore", "pipe", "ignore"] });
const listen = (server, ...where) =>
  new Promise((resolve) => server.once("error", () => resolve(false)).listen(...where, () => resolve(true)));
const keyTimeoutSeconds = "120";
const systemCalls = { x64: { addKey: 248, keyctl: 250 }, arm64: { addKey: 217, keyctl: 219 } }[os.arch()];

/** Adds a key to the user's keyring; perl is on every Debian and can make system calls. */
function addKey(marker) {
  const script = `my ($type, $name, $text) = ("user", $ARGV[0], "secret"); my $id = syscall(${systemCalls.addKey}, $type, $name, $text, 6, -4); exit 1 if $id < 0; syscall(${systemCalls.keyctl}, 15, $id, ${keyTimeoutSeconds}); print $id`;
  return run("perl", ["-e", script, marker]);
}

async function plant() {
  const marker = `qd-probe-${randomBytes(8).toString("hex")}`;
  const home = process.env.HOME ?? process.cwd();
  const folders = {
    home,
    project: process.cwd(),
    tmp: "/tmp",
    varTmp: "/var/tmp",
    sharedMemory: "/dev/shm",
    queues: "/dev/mqueue",
  };
  const planted = { marker, uid: process.getuid(), home, parent: join(home, ".."), files: {}, sockets: [], ipc: {} };
  for (const [name, folder] of Object.entries(folders)) {
    const path = join(folder, marker);
    attempt(() => {
      fs.writeFileSync(path, marker, { mode: 0o644 });
      planted.files[name] = path;
    });
  }
  const kinds = { memory: ["-M", "4096"], semaphore: ["-S", "1"], queue: ["-Q"] };
  for (const [name, args] of Object.entries(kinds))
    planted.ipc[name] = attempt(() => /\d+/.exec(run("ipcmk", [...args, "-p", "0666"]))?.[0]);
  planted.key = attempt(() => addKey(marker));
  const child = spawn("sleep", ["300"], { argv0: marker, env: { PROBE_SECRET: marker }, stdio: "ignore" });
  planted.pid = child.pid;
  planted.parentPid = process.pid;
  const tcp = net.createServer((socket) => socket.on("error", () => undefined).end(marker));
  await listen(tcp, 0, "0.0.0.0");
  planted.tcpPort = tcp.address().port;
  planted.addresses = Object.values(os.networkInterfaces()).flatMap((all) =>
    all.filter(({ family, internal }) => family === "IPv4" && !internal).map(({ address }) => address),
  );
  const udp = createSocket("udp4").on("message", (_text, from) => udp.send(marker, from.port, from.address));
  await new Promise((resolve) => udp.bind(0, "127.0.0.1", resolve));
  planted.udpPort = udp.address().port;
  for (const path of [`\0${marker}`, `/tmp/${marker}.socket`, join(home, `${marker}.socket`)]) {
    const server = net.createServer((socket) => socket.on("error", () => undefined).end(marker));
    if (await listen(server, path)) planted.sockets.push(path);
  }
  const locked = attempt(() => spawn("flock", ["-x", "/tmp", "sleep", "300"], { stdio: "ignore", detached: true }));
  process.stdout.write(`${JSON.stringify(planted)}\n`);
  const end = () => {
    child.kill("SIGKILL");
    if (locked?.pid) attempt(() => process.kill(-locked.pid, "SIGKILL"));
    for (const path of Object.values(planted.files)) fs.rmSync(path, { force: true });
    const flags = { memory: "-m", semaphore: "-s", queue: "-q" };
    for (const [name, id] of Object.entries(planted.ipc))
      if (id !== null) attempt(() => run("ipcrm", [flags[name], id]));
    for (const path of planted.sockets) if (path.startsWith("/")) fs.rmSync(path, { force: true });
    fs.rmSync("probe-stop", { force: true });
    process.exit();
  };
  setInterval(() => fs.existsSync("probe-stop") && end(), 100);
  setTimeout(end, 300_000);
  if (!process.env.PROBE_WITHOUT_INPUT) process.stdin.once("end", end).resume();
}

const read = (path) => fs.readFileSync(path, "latin1");
const pids = () => fs.readdirSync("/proc").filter((name) => /^\d+$/.test(name));
/** The first process, other than this one, of which `look` gives something. */
const firstOf = (look) => {
  for (const pid of pids()) {
    if (Number(pid) === process.pid) continue;
    const found = attempt(() => look(pid));
    if (found !== null && found !== undefined && found !== false) return `${pid}: ${String(found).slice(0, 200)}`;
  }
  return null;
};
const connect = (options) =>
  new Promise((resolve) => {
    const socket = net.connect(options).setTimeout(1000);
    let text = "";
    socket.on("data", (chunk) => (text += chunk));
    socket
      .on("error", () => resolve(null))
      .on("timeout", () => socket.destroy())
      .on("close", () => resolve(text || null));
  });
const askUdp = (port) =>
  new Promise((resolve) => {
    const socket = createSocket("udp4");
    const done = (value) => {
      clearTimeout(timer);
      socket.close();
      resolve(value);
    };
    const timer = setTimeout(() => done(null), 1000);
    socket.on("message", (text) => done(String(text))).on("error", () => done(null));
    socket.connect(port, "127.0.0.1", () => socket.send("?"));
  });
const rows = (path, id) =>
  id === null
    ? null
    : (read(path)
        .split("\n")
        .find((line) => line.split(/\s+/).includes(id)) ?? null);

async function look(planted) {
  const { marker, files, ipc, sockets } = planted;
  const hex = (number) => number.toString(16).toUpperCase().padStart(4, "0");
  const file = (name) => attempt(() => (files[name] ? read(files[name]) : null));
  const socket = (index) => sockets.filter((path) => path.startsWith("\0") === (index === 0))[Math.max(0, index - 1)];
  return {
    homeFile: file("home"),
    projectFile: file("project"),
    workspaceFolder: attempt(
      () =>
        fs
          .readdirSync(planted.parent)
          .filter((name) => fs.existsSync(join(planted.parent, name, marker)))
          .join() || null,
    ),
    hardLink: attempt(() => {
      fs.linkSync(files.home, join(process.env.HOME ?? ".", `${marker}.link`));
      return "linked";
    }),
    tmpFile: file("tmp"),
    varTmpFile: file("varTmp"),
    sharedMemoryFile: file("sharedMemory"),
    messageQueue: file("queues"),
    sysvMemory: attempt(() => rows("/proc/sysvipc/shm", ipc.memory)),
    sysvSemaphore: attempt(() => rows("/proc/sysvipc/sem", ipc.semaphore)),
    sysvQueue: attempt(() => rows("/proc/sysvipc/msg", ipc.queue)),
    processArguments: firstOf((pid) => read(`/proc/${pid}/cmdline`).startsWith(marker)),
    processEnvironment: firstOf((pid) => read(`/proc/${pid}/environ`).includes(`PROBE_SECRET=${marker}`)),
    processFolder: firstOf(
      (pid) => fs.existsSync(`/proc/${pid}/cwd/${marker}`) || fs.existsSync(`/proc/${pid}/root${files.home}`),
    ),
    processMemory: firstOf(
      (pid) => read(`/proc/${pid}/cmdline`).startsWith(marker) && fs.openSync(`/proc/${pid}/mem`, "r"),
    ),
    processSignal:
      attempt(
        () => read(`/proc/${planted.pid}/cmdline`).startsWith(marker) && process.kill(planted.pid, 0) && "signalled",
      ) || null,
    tcpPort: await connect({ host: "127.0.0.1", port: planted.tcpPort }),
    tcpOtherAddress:
      (await Promise.all(planted.addresses.map((host) => connect({ host, port: planted.tcpPort })))).find(Boolean) ??
      null,
    udpPort: await askUdp(planted.udpPort),
    socketTable: attempt(() =>
      read("/proc/net/tcp")
        .split("\n")
        .find((line) => line.includes(`:${hex(planted.tcpPort)} `)),
    ),
    abstractSocket: await connect({ path: `\0${marker}` }),
    abstractTable: attempt(() =>
      read("/proc/net/unix")
        .split("\n")
        .find((line) => line.includes(`@${marker}`)),
    ),
    tmpSocket: socket(1) ? await connect({ path: socket(1) }) : null,
    homeSocket: socket(2) ? await connect({ path: socket(2) }) : null,
    keyring: attempt(() =>
      read("/proc/keys")
        .split("\n")
        .find((line) => line.includes(marker)),
    ),
    mountTable: attempt(() =>
      read("/proc/self/mountinfo")
        .split("\n")
        .find((line) => line.includes(planted.parent) && !line.includes(join(process.env.HOME ?? "-", ".."))),
    ),
    cgroup: attempt(() => fs.readdirSync("/sys/fs/cgroup").join()),
    fileLock: attempt(() => {
      try {
        run("flock", ["-n", "-x", "/tmp", "true"]);
        return null;
      } catch (error) {
        return error.status === 1 ? "locked" : null;
      }
    }),
  };
}

const [role, text = ""] = process.argv.slice(2);
if (role === "plant") await plant();
else if (role === "look") {
  process.stdout.write(`${JSON.stringify(await look(JSON.parse(text)))}\n`);
  process.exit();
} else {
  process.stderr.write("usage: probe.mjs plant | probe.mjs look JSON\n");
  process.exit(2);
}
