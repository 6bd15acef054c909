import { accessSync, constants, statfsSync, statSync } from "node:fs";
import { dirname } from "node:path";
import { defaultPrograms } from "@quarterdeck/core/programs/programs";
import { gibibyte, kibibyte } from "@quarterdeck/core/units";
import { readBridgeState } from "../bridge-state.ts";
import { explainUnreachable } from "../connection/explain-unreachable.ts";
import { requestText } from "../connection/http-request.ts";
import type { DataDirectory } from "../data-directory.ts";
import { openSandbox } from "../sandbox/open-sandbox.ts";
import { findProgram, searchPath } from "../drivers/search-path.ts";
import type { Environment } from "../env.ts";
import { foreseeDriver } from "../drivers/foresee-driver.ts";
import { exitCodeOf, findingLine, good, missing, type Finding } from "../doctor/finding.ts";
import { judgeMachine, judgeService, judgeUser, judgeVersions, type ServiceFacts } from "../doctor/judge-machine.ts";
import { judgePolicy } from "../doctor/judge-policy.ts";
import { judgeDriver, judgeSandbox, judgeTrialUser, judgeWithoutSystemd } from "../doctor/judge-surroundings.ts";
import { readMachineFacts, type MachineFacts } from "../doctor/machine-facts.ts";
import { trialDirectory } from "../doctor/trial-directory.ts";
import { readInstalledVersion, readService } from "../doctor/service-facts.ts";
import { hasIdentity, readIdentity } from "../identity.ts";
import { errorMessage } from "../log.ts";
import { readPolicyFile } from "../policy/policy-file.ts";
import { countRules } from "../policy/policy-report.ts";
import { readLaunchState } from "../update/launch-state.ts";
import { bridgeVersion } from "../version.ts";
import type { PolicyPlace } from "../policy/local-policy.ts";

const answerMs = 10_000;

interface DoctorOptions {
  readonly data: DataDirectory;
  readonly environment: Environment;
  readonly policy: PolicyPlace;
}

/** `doctor`: checks this machine and says what to do. @returns the exit code (`doctorExitCodes`) */
export async function doctorCommand(
  { data, environment, policy }: DoctorOptions,
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
  const ownerUid = statSync(data.path).uid;
  const services = await readServices(machine);
  const hasHelper = services.helper?.isInstalled ?? false;
  const { driver: prefer } = environment;
  const findings: Finding[] = [
    good(`Node ${process.versions.node}`),
    judgeVersions({
      installed: readInstalledVersion(),
      running: readLaunchState(data)?.current?.version ?? bridgeVersion,
    }),
    ...judgeMachine(machine),
    judgeDriver(foreseeDriver({ uid: hasHelper ? 0 : ownerUid, pid: findBridge(data, ownerUid), prefer }), {
      isWanted: prefer === "process",
    }),
    judgeUser(ownerUid),
    ...services.findings,
    ...judgeSandbox(sandbox),
    ...(trial.data === data || hasHelper ? [] : [judgeTrialUser(ownerUid)]),
    checkPolicy(policy),
    git ? good(`git is ${git}`) : missing("git is not installed (Debian, Ubuntu: apt install git)"),
    good(`programs that may run: ${programs.join(" ")}`),
    checkData(data),
    checkDisk(data),
    ...(await checkPlatform(data)),
  ];
  for (const finding of findings) say(findingLine(finding));
  return exitCodeOf(findings);
}

/** The process of the bridge, if it runs. */
function findBridge(data: DataDirectory, ownerUid: number): number | null {
  const pid = readBridgeState(data)?.pid;
  return pid !== undefined && statSync(`/proc/${pid}`, { throwIfNoEntry: false })?.uid === ownerUid ? pid : null;
}

interface Services {
  readonly helper: ServiceFacts | null;
  readonly findings: readonly Finding[];
}

/** Where the installer was not used, nothing is expected of it. */
async function readServices(machine: MachineFacts): Promise<Services> {
  if (!machine.isSystemd) return { helper: null, findings: [judgeWithoutSystemd(machine)] };
  try {
    const bridge = judgeService(await readService("quarterdeck-bridge.service"));
    const helper = await readService("quarterdeck-helper.service");
    return { helper, findings: helper.isInstalled ? [bridge, judgeService(helper)] : [bridge] };
  } catch (error) {
    return { helper: null, findings: [missing(errorMessage(error))] };
  }
}

function checkPolicy({ path, isRequired }: PolicyPlace): Finding {
  const read = readPolicyFile(path);
  // Whoever has the folder can put another file in its place.
  const owners = [path, dirname(path)].map((each) => statSync(each, { throwIfNoEntry: false })?.uid ?? 0);
  const changerUid = owners.find((uid) => uid !== 0) ?? 0;
  const ruleCount = read !== null && "rules" in read ? countRules(read) : 0;
  return judgePolicy({ path, isRequired, read, changerUid, ruleCount });
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
