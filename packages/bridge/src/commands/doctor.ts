import { accessSync, constants, statfsSync, statSync } from "node:fs";
import { defaultPrograms } from "@quarterdeck/core/programs/programs";
import { gibibyte, kibibyte } from "@quarterdeck/core/units";
import { explainUnreachable } from "../connection/explain-unreachable.ts";
import { requestText } from "../connection/http-request.ts";
import type { DataDirectory } from "../data-directory.ts";
import { openSandbox } from "../sandbox/open-sandbox.ts";
import { findProgram, searchPath } from "../drivers/search-path.ts";
import type { Environment } from "../env.ts";
import { exitCodeOf, findingLine, good, missing, type Finding } from "../doctor/finding.ts";
import { judgeMachine, judgeService, judgeUser, judgeVersions } from "../doctor/judge-machine.ts";
import { readMachineFacts, type MachineFacts } from "../doctor/machine-facts.ts";
import { trialDirectory } from "../doctor/trial-directory.ts";
import { readInstalledVersion, readService } from "../doctor/service-facts.ts";
import { hasIdentity, readIdentity } from "../identity.ts";
import { errorMessage } from "../log.ts";
import { readLaunchState } from "../update/launch-state.ts";
import { bridgeVersion } from "../version.ts";

const answerMs = 10_000;

/** `doctor`: checks this machine and says what to do. @returns the exit code (`doctorExitCodes`) */
export async function doctorCommand(
  data: DataDirectory,
  environment: Environment,
  say: (line: string) => void,
): Promise<number> {
  const folders = searchPath(environment.path);
  using trial = trialDirectory(data);
  const sandbox = await openSandbox({
    data: trial.data,
    hidden: [],
    folders,
    bubblewrap: environment.bubblewrap,
    hasConsent: false,
    ownNetworks: environment.ownNetworks,
  });
  const git = findProgram("git", folders);
  const programs = defaultPrograms.filter((program) => findProgram(program, folders));
  const machine = readMachineFacts(data.path);
  const findings: Finding[] = [
    good(`Node ${process.versions.node}`),
    judgeVersions({
      installed: readInstalledVersion(),
      running: readLaunchState(data)?.current?.version ?? bridgeVersion,
    }),
    ...judgeMachine(machine),
    judgeUser(statSync(data.path).uid),
    ...(await checkServices(machine)),
    sandbox.isolation === "hidden"
      ? good("bubblewrap hides the bridge's files from runs")
      : missing(`no isolation: ${sandbox.reason}`),
    good(
      sandbox.facts.workspaceUsers
        ? "each workspace has a system user of its own"
        : "runs of all workspaces are the bridge's own user, since it is not root or not in charge of the machine's users",
    ),
    good(
      sandbox.facts.network === "own"
        ? "runs that may reach everything have a network of their workspace's own"
        : `runs that may reach everything share this machine's network. ${sandbox.facts.networkReason ?? ""}`,
    ),
    git ? good(`git is ${git}`) : missing("git is not installed (Debian, Ubuntu: apt install git)"),
    good(`programs that may run: ${programs.join(" ")}`),
    checkData(data),
    checkDisk(data),
    ...(await checkPlatform(data)),
  ];
  for (const finding of findings) say(findingLine(finding));
  return exitCodeOf(findings);
}

/** Where the installer was not used, nothing is expected of it. */
async function checkServices({ isSystemd }: MachineFacts): Promise<Finding[]> {
  if (!isSystemd) return [];
  try {
    const bridge = judgeService(await readService("quarterdeck-bridge.service"));
    const helper = await readService("quarterdeck-helper.service");
    return helper.isInstalled ? [bridge, judgeService(helper)] : [bridge];
  } catch (error) {
    return [missing(errorMessage(error))];
  }
}

function checkData(data: DataDirectory): Finding {
  try {
    accessSync(data.path, constants.W_OK);
    const isOpen = (statSync(data.path).mode & 0o077) !== 0;
    return isOpen
      ? missing(`${data.path} can be read by others: chmod 700 ${data.path}`)
      : good(`files are in ${data.path}`);
  } catch (error) {
    return missing(`${data.path} cannot be written: ${errorMessage(error)}`);
  }
}

function checkDisk(data: DataDirectory): Finding {
  const { bavail, bsize } = statfsSync(data.path);
  const free = (bavail * bsize) / gibibyte;
  return free < 1
    ? missing(`only ${free.toFixed(1)} GiB of disk are free`)
    : good(`${free.toFixed(1)} GiB of disk are free`);
}

async function checkPlatform(data: DataDirectory): Promise<Finding[]> {
  if (!hasIdentity(data))
    return [missing('not connected to a platform: use the command that the console shows under "Connect a server"')];
  const { apiUrl, serverId } = readIdentity(data);
  const identity = good(`connected as ${serverId}`);
  try {
    const answer = await requestText(new URL("/health", apiUrl), { timeoutMs: answerMs, maxBytes: 64 * kibibyte });
    const dateMs = Date.parse(answer.headers.date ?? "");
    const offMs = Math.abs(Date.now() - dateMs);
    const clock =
      offMs > 60_000
        ? missing(`this server's clock is ${Math.round(offMs / 1000)} s off; commands are refused when it is 120 s off`)
        : good("the clock is right");
    return [
      identity,
      answer.status === 200 ? good(`${apiUrl} answers`) : missing(`${apiUrl} answers with ${answer.status}`),
      ...(Number.isNaN(dateMs) ? [] : [clock]),
    ];
  } catch (error) {
    return [identity, missing(`${apiUrl} cannot be reached: ${explainUnreachable(error)}`)];
  }
}
