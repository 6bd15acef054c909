import { readFileSync } from "node:fs";
import { arch, availableParallelism, hostname, release } from "node:os";
import { coreMillicores, mebibyte } from "@quarterdeck/core/units";
import type { Resources } from "@quarterdeck/core/quota/resources";
import type { Capabilities } from "@quarterdeck/core/protocol/capabilities";
import { bridgeFeatures } from "@quarterdeck/core/protocol/features";
import { actionNames, type ActionName } from "@quarterdeck/core/actions/catalogue";
import type { HostFacts } from "./host/execution-host.ts";
import { parseMemory } from "./telemetry/read-sample.ts";
import { bridgeVersion } from "./version.ts";

function operatingSystem(): string {
  try {
    const name = /^PRETTY_NAME="?([^"\n]*)"?$/m.exec(readFileSync("/etc/os-release", "utf8"))?.[1];
    return (name ?? "Linux").slice(0, 200);
  } catch {
    return "Linux"; // A machine without this file is one all the same.
  }
}

interface CapabilityInputs {
  readonly facts: HostFacts;
  /** Without a launcher it cannot replace itself. */
  readonly hasLauncher: boolean;
}

/** What stays with the machine itself and this bridge: a twentieth of each, and at least so much. */
const reservedPart = 0.05;
const reservedCpu = coreMillicores / 20;
const reservedMemory = 256 * mebibyte;

/** What of a machine runs may hold at once. */
export function offeredCapacity({ cpu, memory, runs }: Resources): Resources {
  return {
    cpu: cpu - Math.max(reservedCpu, Math.ceil(cpu * reservedPart)),
    // A machine that has hardly more than that for itself still offers half of it.
    memory: Math.max(Math.floor(memory / 2), memory - Math.max(reservedMemory, Math.ceil(memory * reservedPart))),
    runs,
  };
}

/** The daemon cancels and updates by itself; everything else is done by who reads the commands. */
function isDone(action: ActionName, { facts, hasLauncher }: CapabilityInputs): boolean {
  if (action === "bridge.update") return hasLauncher;
  return action === "task.cancel" || facts.actions.includes(action);
}

/** What this machine offers. */
export function readCapabilities({ facts, hasLauncher }: CapabilityInputs): Capabilities {
  const cores = availableParallelism();
  const memory = parseMemory(readFileSync("/proc/meminfo", "utf8")).totalBytes;
  return {
    bridgeVersion,
    actions: actionNames.filter((name) => isDone(name, { facts, hasLauncher })),
    features: bridgeFeatures.filter((feature) => facts.features.includes(feature)),
    programs: [...facts.programs],
    driver: facts.driver,
    driverReason: facts.driverReason.slice(0, 500),
    limited: [...facts.limited],
    isolation: facts.isolation,
    sandbox: facts.sandbox,
    capacity: offeredCapacity({ cpu: cores * coreMillicores, memory, runs: Math.max(4, cores * 2) }),
    host: { hostname: hostname().slice(0, 255), os: operatingSystem(), arch: arch(), kernel: release().slice(0, 200) },
  };
}
