import { kindOf } from "./shrink.ts";
import type { Patch } from "./hooks/patch.ts";

/** A mistake that the simulation must see: shipped source with a defence taken out. */
export interface WrongVersion {
  readonly name: string;
  /** The kinds of violation that its mistake leads to. Another one only shows that something is broken. */
  readonly caughtBy: readonly string[];
  readonly patches: readonly Patch[];
}

const bridge = (file: string, find: string, replace: string): Patch => ({
  file: `packages/bridge/src/${file}`,
  find,
  replace,
});
const relay = (file: string, find: string, replace: string): Patch => ({
  file: `apps/relay/src/${file}`,
  find,
  replace,
});

/** The host has its own opinion about what may start again; a wrong version of the daemon alone would not be seen. */
const trustingHost = bridge("host/local-host.ts", 'if (effect !== "idempotent")', "if (effect === undefined)");

export const wrongVersions: readonly WrongVersion[] = [
  {
    name: "acknowledges commands before they are on the disk",
    // The relay notices that they are lost, and can only say that nobody knows; a lost cancel is lost for good.
    caughtBy: ["record", "cancel"],
    patches: [
      bridge(
        "connection/connection.ts",
        "const through = await this.#options.takeCommands(items);",
        'this.#handle({ type: "journaled", through: Math.max(this.#session.journaledCommands, ...items.map(({ seq }) => seq)) }); const through = await this.#options.takeCommands(items);',
      ),
    ],
  },
  {
    name: "starts a wrapper that does not claim its run",
    caughtBy: ["once"],
    patches: [
      bridge(
        "wrapper/run-program.ts",
        "if (!createExclusively(run.started, JSON.stringify(marker))) {",
        "createExclusively(run.started, JSON.stringify(marker)); if (false) {",
      ),
    ],
  },
  {
    name: "runs again what was cut off, whatever its effect",
    caughtBy: ["once"],
    patches: [
      bridge("journal/recovery.ts", 'evidence.effect === "idempotent" ? "rerun" : "indeterminate"', '"rerun"'),
      trustingHost,
    ],
  },
  {
    name: "gives up what runs on when only the bridge was restarted",
    caughtBy: ["record"],
    patches: [
      bridge(
        "journal/recovery.ts",
        'if (evidence.isWrapperAlive) return "adopt";',
        'if (evidence.isWrapperAlive) return "indeterminate";',
      ),
    ],
  },
  {
    name: "forgets with its memory that runs of a project come one after the other",
    caughtBy: ["order"],
    patches: [
      relay(
        "storage/runs.ts",
        'isOrdered: readNumber(row, "is_ordered") === 1',
        'isOrdered: readNumber(row, "is_ordered") === 1 && seq !== null',
      ),
    ],
  },
  {
    name: "mixes up the output of two runs that write at the same time",
    caughtBy: ["output"],
    patches: [
      relay(
        "server/viewer-hall.ts",
        "output({ runId, offset, data, isEnd }: Output): Forwarded {",
        "#last: Output | undefined; output(own: Output): Forwarded { const data = this.#last && this.#last.runId !== own.runId && own.offset > 0 ? this.#last.data : own.data; this.#last = own; const { runId, offset, isEnd } = own;",
      ),
    ],
  },
  {
    name: "ends an output where its reader is when the run has ended",
    caughtBy: ["gap"],
    patches: [
      bridge(
        "runs/output-follower.ts",
        "const isEnd = isEnded && followed.offset + count >= size;",
        "const isEnd = isEnded && followed.offset + count >= 0;",
      ),
    ],
  },
  {
    name: "lets what a cut-off run started live on",
    caughtBy: ["survivor"],
    patches: [
      bridge(
        "runs/program-run.ts",
        "await host.kill(record.runId, groupPath(command));",
        "void [host, groupPath, command];",
      ),
    ],
  },
  {
    name: "lets a viewer in at any server with a ticket for one",
    caughtBy: ["tenancy"],
    patches: [
      relay(
        "session/viewer-access.ts",
        "if (ticket.serverId !== context.serverId) return",
        "if (ticket.ticketId === context.serverId) return",
      ),
      relay(
        "session/viewer-access.ts",
        "if (!isOwners && ticket.isGuest !== true) return",
        "if (!isOwners && ticket.ticketId === context.orgId) return",
      ),
    ],
  },
  {
    name: "shows a viewer runs that its ticket does not name",
    caughtBy: ["tenancy"],
    patches: [
      relay("session/viewer.ts", "if (!viewer.topics.includes(topic)) return notInTicket(topic);", "void topic;"),
    ],
  },
  {
    name: "sends a viewer output whether it reads it or not",
    caughtBy: ["memory"],
    patches: [
      relay(
        "session/output-watch.ts",
        "end - watch.ackedOffset + room.unreadBytes > room.allowanceBytes;",
        "room.allowanceBytes < 0;",
      ),
    ],
  },
  {
    name: "knows commands only by ids, and forgets those after a second",
    // What a hello says is received is not sent again, so the relay would have nothing to repeat: here it goes by the acknowledgements
    // that it got. What an earlier run of that
    // id left goes too, or its start marker would keep it from a second start.
    caughtBy: ["once"],
    patches: [
      relay(
        "session/command-stream.ts",
        'return { kind: "continue", acknowledged: hello.received };',
        'return { kind: "continue", acknowledged: position.acknowledged };',
      ),
      bridge(
        "connection/session/session-streams.ts",
        "if (item.seq <= takenCommands) continue;",
        "if (item.seq <= takenCommands) { fresh.push(item); continue; }",
      ),
      bridge("command-intake.ts", "Math.max(command.expiresAtMs, clock.nowMs()) + rememberMs", "clock.nowMs() + 1000"),
      bridge(
        "journal/journal.ts",
        'const until = Math.min(nowMs, Number(readMeta(this.#database, "platformTimeMs") ?? 0));',
        "const until = nowMs;",
      ),
      bridge("daemon.ts", "setInterval(tidy, hourMs)", "setInterval(tidy, 1000)"),
      bridge(
        "runs/runner.ts",
        "if (!isDetached) onAttached();",
        "if (!isDetached) onAttached(); if (!isRecovered) rmSync(host.files.run(runId).path, { recursive: true, force: true });",
      ),
      bridge(
        "runs/runner.ts",
        'import { ActiveRun } from "./active-run.ts";',
        'import { rmSync } from "node:fs"; import { ActiveRun } from "./active-run.ts";',
      ),
    ],
  },
  {
    name: "forgets readings when it has sent them, stored or not",
    caughtBy: ["readings"],
    patches: [
      bridge(
        "telemetry/history-feed.ts",
        "if (this.#options.send(piece)) this.#sentThrough = piece.through;",
        "if (this.#options.send(piece)) this.#options.spool.drop((this.#sentThrough = piece.through));",
      ),
    ],
  },
  {
    name: "listens to connections of older epochs",
    caughtBy: ["fencing"],
    patches: [
      relay(
        "server/bridge-link.ts",
        'if (attachment.state !== "live") return false;',
        'if (attachment.state !== "live" && attachment.state !== "replaced") return false;',
      ),
      relay(
        "server/bridge-link.ts",
        "if (socket === this.#live && frame.epoch === attachment.epoch) return true;",
        "return true;",
      ),
      relay(
        "server/bridge-link.ts",
        'sendError(before, { code: "SUPERSEDED", message: "A newer connection of this server took over." });',
        "",
      ),
    ],
  },
  {
    name: "acknowledges commands past a gap",
    caughtBy: ["convergence"],
    patches: [
      bridge("connection/session/session-streams.ts", "if (item.seq !== takenCommands + 1) {", "if (item.seq < 0) {"),
    ],
  },
  {
    name: "reserves without looking at the limit",
    caughtBy: ["quota"],
    patches: [
      {
        file: "packages/core/src/quota/quota-tree.ts",
        find: "if (amount > 0 && (total > (limit[i] as number) || total > mostHeld)) return i;",
        replace: "if (amount > 0 && total > mostHeld) return i;",
      },
    ],
  },
  {
    name: "starts runs first in, first out",
    caughtBy: ["fairness"],
    patches: [
      {
        file: "packages/core/src/scheduling/fair-scheduler.ts",
        find: "const task = this.#choice.choose();",
        replace: `const fits = [...this.#tasks.all()].filter((one) => one.run === null && isEligible(one) && shortAt(this.#server, one.demand.vector) < 0);
    const task = fits.length > 0 ? fits.reduce((first, one) => (one.seq < first.seq ? one : first)) : undefined;`,
      },
      {
        file: "packages/core/src/scheduling/fair-scheduler.ts",
        find: "export class FairScheduler {",
        replace: `import { isEligible } from "./lanes.ts";
import { shortAt } from "../quota/quota-tree.ts";
export class FairScheduler {`,
      },
    ],
  },
  {
    name: "starts what follows a run, however that ended",
    caughtBy: ["follows"],
    patches: [
      relay(
        "server/run-endings.ts",
        "const followers = end.hasSucceeded ? [] : queue.followers(runId);",
        "const followers: RunId[] = [];",
      ),
    ],
  },
  {
    name: "takes a wrapper that is gone for a run that never started",
    caughtBy: ["once"],
    patches: [
      bridge(
        "journal/recovery.ts",
        'if (!evidence.hasStartMarker) return "start";',
        'if (!evidence.isWrapperAlive) return "start";',
      ),
      bridge(
        "runs/program-run.ts",
        'if (recovery === "rerun") {',
        'if (recovery === "rerun" || (recovery === "start" && readMarker(run.directory))) {',
      ),
      trustingHost,
    ],
  },
  {
    name: "lets a cancel overtake its task",
    caughtBy: ["cancel"],
    patches: [
      relay(
        "server/run-desk.ts",
        "for (const entry of entries) {",
        'for (const entry of entries.filter(({ kind }) => kind === "cancel")) this.#takeEntry(entry, nowMs); for (const entry of entries) {',
      ),
      relay(
        "server/run-desk.ts",
        "this.#takeEntry(entry, nowMs);\n      through",
        'if (entry.kind !== "cancel") this.#takeEntry(entry, nowMs);\n      through',
      ),
      relay("server/run-desk.ts", 'rememberEnded(this.#sql, runId, { state: "tombstone", atMs: nowMs });', ""),
    ],
  },
];

/** Whether a failed scenario shows the mistake that a wrong version was given. */
export function isCaught({ caughtBy }: WrongVersion, [first]: readonly string[]): boolean {
  return first !== undefined && caughtBy.includes(kindOf(first));
}
