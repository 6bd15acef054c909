import { spawn } from "node:child_process";
import { join } from "node:path";
import type { Readable } from "node:stream";
import { waitFor } from "../../../apps/web/e2e/support/wait-for.ts";

const tools = join(import.meta.dirname, "..");
const minute = 60_000;

export interface CommandEnd {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

interface CommandOptions {
  readonly stdin?: Readable;
  readonly timeoutMs?: number;
}

/** Which disk a server was booted from and where it is reached: it can be handed to another process. */
export interface ServerPlace {
  readonly directory: string;
  readonly sshPort: number;
}

/** A whole Debian server that runs in an emulator on this machine, with root on it. */
export class TestServer {
  readonly place: ServerPlace;

  constructor(place: ServerPlace) {
    this.place = place;
  }

  /** Boots it. In it, `10.0.2.100:PORT` is this machine's loopback port, for these ports and no other. */
  static async boot(place: ServerPlace, ports: readonly number[]): Promise<TestServer> {
    const { directory, sshPort } = place;
    const end = await run("start", [directory, String(sshPort), ...ports.map(String)], { timeoutMs: 6 * minute });
    if (end.exitCode !== 0) throw new Error(`The test server does not boot:\n${end.stdout}${end.stderr}`);
    return new TestServer(place);
  }

  /** Runs a line of shell as root. @throws Error when it does not end within the time */
  async run(command: string, options: CommandOptions = {}): Promise<CommandEnd> {
    const { directory, sshPort } = this.place;
    return run("ssh", [directory, String(sshPort), command], { timeoutMs: 5 * minute, ...options });
  }

  /** Like `run`, for what must succeed. @returns what it printed */
  async sh(command: string, options: CommandOptions = {}): Promise<string> {
    const { exitCode, stdout, stderr } = await this.run(command, options);
    if (exitCode !== 0) throw new Error(`on the test server: ${command}\nended with ${exitCode}:\n${stdout}${stderr}`);
    return stdout;
  }

  /** What each of these groups of the kernel takes of the processors for some seconds, by the server's own clock. */
  async millicoresOf(groups: readonly string[]): Promise<number[]> {
    const look = `cut -d' ' -f1 /proc/uptime; for group in ${groups.join(" ")}; do grep usage_usec $group/cpu.stat; done`;
    const [before = [], after = []] = (await this.sh(`${look}; echo --; sleep 20; ${look}`)).split("--\n").map((text) =>
      text
        .trim()
        .split("\n")
        .map((line) => Number(line.replace("usage_usec ", ""))),
    );
    const seconds = (after[0] ?? 0) - (before[0] ?? 0);
    return groups.map((_, i) => ((after[i + 1] ?? 0) - (before[i + 1] ?? 0)) / seconds / 1000);
  }

  /** Cuts the power, in effect: nothing is told, nothing is written any more. It comes back on the same disk. */
  async crash(): Promise<void> {
    const before = await this.#bootId();
    // A little later: who cuts the power would wait for an answer that does not come.
    await this.sh("setsid sh -c 'sleep 1; echo b >/proc/sysrq-trigger' >/dev/null 2>&1 </dev/null &");
    await this.#waitForAnotherBoot(before);
  }

  /** What its services wrote, for whoever has to find out why a test failed. */
  async diagnosis(): Promise<string> {
    const commands = [
      "systemctl --no-pager --full status 'quarterdeck-*'",
      "journalctl --no-pager -o short-precise -n 150 -u quarterdeck-bridge -u quarterdeck-helper",
      "journalctl --no-pager -k -n 30",
      "ps -eo pid,ppid,user,stat,etime,args --forest | tail -n 40",
      "df -h / ; free -m",
    ];
    // One connection for all: each takes seconds there.
    const line = commands.map((command) => `echo "── ${command}"; ${command}`).join("; ");
    const end = await this.run(line, { timeoutMs: 5 * minute }).catch((error: unknown) => String(error));
    return typeof end === "string" ? end : end.stdout + end.stderr;
  }

  async stop(): Promise<void> {
    const { directory, sshPort } = this.place;
    await run("stop", [directory, String(sshPort)], { timeoutMs: minute });
  }

  async #bootId(): Promise<string> {
    return (await this.sh("cat /proc/sys/kernel/random/boot_id")).trim();
  }

  async #waitForAnotherBoot(before: string): Promise<void> {
    const hasBooted = async () => {
      // Refused, cut off or timed out while it is away.
      const end = await this.run("cat /proc/sys/kernel/random/boot_id", { timeoutMs: minute }).catch(() => null);
      return end?.exitCode === 0 && end.stdout.trim() !== before;
    };
    await waitFor(hasBooted, { what: "the test server to boot again", timeoutMs: 12 * minute });
  }
}

function run(
  tool: string,
  args: readonly string[],
  { stdin, timeoutMs }: { stdin?: Readable; timeoutMs: number },
): Promise<CommandEnd> {
  return new Promise((resolve, reject) => {
    const child = spawn(join(tools, tool), args, {
      stdio: [stdin === undefined ? "ignore" : "pipe", "pipe", "pipe"],
      timeout: timeoutMs,
      killSignal: "SIGKILL",
    });
    const printed = { stdout: "", stderr: "" };
    for (const name of ["stdout", "stderr"] as const) {
      child[name]?.setEncoding("utf8");
      child[name]?.on("data", (text: string) => (printed[name] += text));
    }
    if (stdin !== undefined && child.stdin !== null) {
      stdin.pipe(child.stdin);
      child.stdin.on("error", () => stdin.unpipe()); // It ended without reading all; its exit code says why.
    }
    child.once("error", reject);
    child.once("close", (code, signal) => {
      if (code !== null) resolve({ exitCode: code, ...printed });
      else
        reject(
          new Error(
            `${tool} ${args.join(" ")}\nwas ended by ${signal} after ${timeoutMs} ms at most:\n${printed.stdout}${printed.stderr}`,
          ),
        );
    });
  });
}
