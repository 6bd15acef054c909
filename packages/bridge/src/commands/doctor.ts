import { accessSync, constants, statfsSync, statSync } from "node:fs";
import { defaultPrograms } from "@quarterdeck/core/programs/programs";
import { gibibyte, kibibyte } from "@quarterdeck/core/units";
import { explainUnreachable } from "../connection/explain-unreachable.ts";
import { requestText } from "../connection/http-request.ts";
import type { DataDirectory } from "../data-directory.ts";
import { openSandbox } from "../drivers/process.ts";
import { findProgram, searchPath } from "../drivers/search-path.ts";
import type { Environment } from "../env.ts";
import { hasIdentity, readIdentity } from "../identity.ts";
import { errorMessage } from "../log.ts";

interface Finding {
  readonly isGood: boolean;
  readonly text: string;
}

const good = (text: string): Finding => ({ isGood: true, text });
const bad = (text: string): Finding => ({ isGood: false, text });
const answerMs = 10_000;

/** `doctor`: checks this machine and says what to do. @returns the exit code: 0 when nothing is missing */
export async function doctorCommand(
  data: DataDirectory,
  environment: Environment,
  say: (line: string) => void,
): Promise<number> {
  const folders = searchPath(environment.path);
  const sandbox = await openSandbox({
    data,
    hidden: [],
    folders,
    bubblewrap: environment.bubblewrap,
    hasConsent: false,
  });
  const git = findProgram("git", folders);
  const programs = defaultPrograms.filter((program) => findProgram(program, folders));
  const findings: Finding[] = [
    good(`Node ${process.versions.node}`),
    sandbox.isolation === "hidden"
      ? good("bubblewrap hides the bridge's files from runs")
      : bad(`no isolation: ${sandbox.reason}`),
    git ? good(`git is ${git}`) : bad("git is not installed (Debian, Ubuntu: apt install git)"),
    good(`programs that may run: ${programs.join(" ")}`),
    checkData(data),
    checkDisk(data),
    ...(await checkPlatform(data)),
  ];
  for (const { isGood, text } of findings) say(`${isGood ? "ok     " : "missing"}  ${text}`);
  return findings.every(({ isGood }) => isGood) ? 0 : 1;
}

function checkData(data: DataDirectory): Finding {
  try {
    accessSync(data.path, constants.W_OK);
    const isOpen = (statSync(data.path).mode & 0o077) !== 0;
    return isOpen
      ? bad(`${data.path} can be read by others: chmod 700 ${data.path}`)
      : good(`files are in ${data.path}`);
  } catch (error) {
    return bad(`${data.path} cannot be written: ${errorMessage(error)}`);
  }
}

function checkDisk(data: DataDirectory): Finding {
  const { bavail, bsize } = statfsSync(data.path);
  const free = (bavail * bsize) / gibibyte;
  return free < 1
    ? bad(`only ${free.toFixed(1)} GiB of disk are free`)
    : good(`${free.toFixed(1)} GiB of disk are free`);
}

async function checkPlatform(data: DataDirectory): Promise<Finding[]> {
  if (!hasIdentity(data))
    return [bad('not connected to a platform: use the command that the console shows under "Connect a server"')];
  const { apiUrl, serverId } = readIdentity(data);
  const identity = good(`connected as ${serverId}`);
  try {
    const answer = await requestText(new URL("/health", apiUrl), { timeoutMs: answerMs, maxBytes: 64 * kibibyte });
    const dateMs = Date.parse(answer.headers.date ?? "");
    const offMs = Math.abs(Date.now() - dateMs);
    const clock =
      offMs > 60_000
        ? bad(`this server's clock is ${Math.round(offMs / 1000)} s off; commands are refused when it is 120 s off`)
        : good("the clock is right");
    return [
      identity,
      answer.status === 200 ? good(`${apiUrl} answers`) : bad(`${apiUrl} answers with ${answer.status}`),
      ...(Number.isNaN(dateMs) ? [] : [clock]),
    ];
  } catch (error) {
    return [identity, bad(`${apiUrl} cannot be reached: ${explainUnreachable(error)}`)];
  }
}
