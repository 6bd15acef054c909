import type { ServerHost } from "./actors/server-host.ts";
import type { BackLink, Fault, Scenario } from "./scenario.ts";
import type { Stage } from "./stage.ts";
import { roomBytes } from "./world/disk.ts";
import type { Machine } from "./world/machine.ts";
import type { Direction, Link } from "./world/network.ts";

/** Plans what goes wrong. */
export function planFaults(stage: Stage, scenario: Scenario): void {
  for (const fault of scenario.faults) {
    stage.world.timeline.after(fault.atMs, () => {
      if (stage.world.timeline.nowMs >= scenario.healAtMs) return;
      stage.world.trace("fault", JSON.stringify(fault));
      strike(stage, fault);
    });
  }
}

function strike(stage: Stage, fault: Fault): void {
  const { world, api, relay } = stage;
  switch (fault.kind) {
    case "cut":
      return world.network.cut(linkOf(stage, fault.link).name, fault.whoHears);
    case "keys":
      return stage.client.changeKeys(fault.change);
    case "switchover":
      for (const wire of world.network.wiresOf(`${hostOf(stage, fault.server).machine.name}>relay`)) {
        wire.stalledUntilMs = world.timeline.nowMs + fault.forMs;
        world.timeline.after(fault.afterMs, () => wire.client.break());
      }
      return;
    case "stall":
      for (const wire of world.network.wiresOf(linkOf(stage, fault.link).name))
        wire.stalledUntilMs = world.timeline.nowMs + fault.forMs;
      return;
    case "pauseWrapper":
      for (const wrapper of hostOf(stage, fault.server).wrappers) wrapper.pause(fault.forMs);
      return;
    case "partition": {
      const link = linkOf(stage, fault.link);
      const ways = waysOf(fault.way);
      for (const way of ways) link.block(way, true);
      return world.timeline.after(fault.forMs, () => ways.forEach((way) => link.block(way, false)));
    }
    case "flap": {
      const link = linkOf(stage, fault.link);
      const untilMs = world.timeline.nowMs + fault.forMs;
      const turn = (isBlocked: boolean) => {
        for (const way of waysOf(fault.way)) link.block(way, isBlocked);
        if (isBlocked || world.timeline.nowMs < untilMs) world.timeline.after(fault.everyMs, () => turn(!isBlocked));
      };
      return turn(true);
    }
    case "requests":
      return forAWhile(stage, fault.forMs, world.network.link(fault.whose), (link, isOn) => {
        link.requestLoss = isOn ? fault.loss : 0;
        link.requestRepeat = isOn ? fault.repeat : 0;
      });
    case "frames":
      return forAWhile(stage, fault.forMs, linkOf(stage, fault.link), (link, isOn) => {
        link.frameLoss = isOn ? fault.loss : 0;
        link.frameRepeat = isOn ? fault.repeat : 0;
        link.frameSwap = isOn ? fault.swap : 0;
      });
    case "slow":
      return forAWhile(stage, fault.forMs, linkOf(stage, fault.link), (link, isOn) => {
        link.latencyMs = isOn ? [fault.latencyMs / 2, fault.latencyMs] : [1, 15];
      });
    case "killBridge":
      return kill(hostOf(stage, fault.server).bridge, fault.afterSteps);
    case "killWrapper": {
      const wrapper = hostOf(stage, fault.server).wrappers.at(-1);
      return kill(wrapper, fault.afterSteps);
    }
    case "killApi":
      return kill(api.process, fault.afterSteps);
    case "restartRelay":
      return relay.restart(fault.forMs);
    case "killRelay":
      return relay.crashAtStep(fault.afterSteps, fault.forMs);
    case "hibernateRelay":
      for (const object of relay.objects.values()) object.hibernate();
      return;
    case "reboot": {
      const host = hostOf(stage, fault.server);
      host.machine.reboot(fault);
      const { bootNumber } = host.machine;
      // One that is rebooted while it comes up comes up once.
      return world.timeline.after(3000, () => {
        if (host.machine.bootNumber === bootNumber) host.boot();
      });
    }
    case "outOfMemory":
      for (const program of hostOf(stage, fault.server).machine.programs.values())
        program.signal("SIGKILL", "scenario");
      for (const wrapper of hostOf(stage, fault.server).wrappers) wrapper.kill();
      return;
    case "pause":
      return hostOf(stage, fault.server).bridge?.pause(fault.forMs);
    case "diskFull":
      return forAWhile(
        stage,
        fault.forMs,
        hostOf(stage, fault.server).machine,
        ({ disk }, isOn) => (disk.freeBytes = isOn ? fault.leftBytes : roomBytes),
      );
    case "diskError":
      return forAWhile(
        stage,
        fault.forMs,
        hostOf(stage, fault.server).machine,
        ({ disk }, isOn) => (disk.failsToSync = isOn),
      );
    case "database":
      return forAWhile(
        stage,
        fault.forMs,
        stage.store.faults,
        (faults, isOn) => (faults.failure = isOn ? fault.failure : 0),
      );
    case "clock": {
      const machine =
        fault.who === "api" ? api.machine : fault.who === "relay" ? relay.machine : hostOf(stage, fault.who).machine;
      return forAWhile(
        stage,
        fault.forMs,
        machine,
        (one: Machine, isOn) => (one.clockOffsetMs = isOn ? fault.byMs : 0),
      );
    }
  }
}

function forAWhile<T>({ world }: Stage, forMs: number, what: T, set: (what: T, isOn: boolean) => void): void {
  set(what, true);
  world.timeline.after(forMs, () => set(what, false));
}

function kill(process: { kill(): void; killAtStep(steps: number): void } | undefined, afterSteps: number | null): void {
  if (afterSteps === null) process?.kill();
  else process?.killAtStep(afterSteps);
}

function hostOf({ hosts }: Stage, index: number): ServerHost {
  return hosts[index % hosts.length] as ServerHost;
}

/** The connection of a server or a viewer to the relay, or the one between relay and API. */
function linkOf({ world, hosts, viewers }: Stage, index: number | BackLink): Link {
  if (typeof index === "string") return world.network.link(index);
  const machines = [...hosts.map(({ machine }) => machine.name), ...viewers.map(({ process }) => process.machine.name)];
  return world.network.link(`${machines[index % machines.length]}>relay`);
}

/** Mends everything: from here on nothing goes wrong any more. */
export function mend({ world, hosts, api, relay, store }: Stage): void {
  world.trace("everything is mended");
  world.network.heal();
  store.faults.failure = 0;
  for (const { machine } of hosts) {
    machine.disk.freeBytes = roomBytes;
    machine.disk.failsToSync = false;
    machine.clockOffsetMs = 0;
  }
  for (const host of hosts) {
    host.bridge?.pause(0);
    host.bridge?.spare();
    for (const wrapper of host.wrappers) {
      wrapper.pause(0);
      wrapper.spare();
    }
    // A frame that a broken box swallowed is nowhere: only a new connection finds out.
    world.network.cut(`${host.machine.name}>relay`, "both");
  }
  api.process?.spare();
  relay.spare();
  api.machine.clockOffsetMs = relay.machine.clockOffsetMs = 0;
  relay.restart(500);
}

function waysOf(way: "both" | Direction): Direction[] {
  return way === "both" ? ["toServer", "toClient"] : [way];
}
