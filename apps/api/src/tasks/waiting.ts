import { amountWords } from "@quarterdeck/core/quota/amount-words";
import type { WaitingAnswer } from "@quarterdeck/core/protocol/relay-api";
import { hourMs, minuteMs, secondMs } from "@quarterdeck/core/units";
import type { TaskRecord } from "./repo.ts";
import type { WaitingView } from "./views.ts";

/** Why a run has not started, from what the API itself knows; null when it has. */
export function explainWaiting(record: TaskRecord, isRelayReachable: boolean): WaitingView | null {
  const { state, serverName } = record.view;
  if (state !== "queued" && state !== "dispatched") return null;
  if (!isRelayReachable) {
    return {
      reason: "relay",
      message: "The relay is not reachable. The task is stored and is sent as soon as the relay is back.",
    };
  }
  if (record.serverStatus !== "online") {
    const message =
      record.serverStatus === "new"
        ? `${serverName} has not connected yet. The task starts when it does.`
        : `${serverName} is offline. The task starts when it is back.`;
    return { reason: "server", message };
  }
  if (state === "dispatched") return { reason: "delivery", message: `Sent to ${serverName}; it is about to start.` };
  return { reason: "delivery", message: `On its way to ${serverName}.` };
}

type Outlook = Pick<Extract<NonNullable<WaitingAnswer["waiting"]>, { reason: "turn" }>, "position" | "estimate">;

const resourceWords = { cpu: "processor time", memory: "memory", runs: "places for runs" } as const;

function nodeWords(nodeId: string): string {
  if (nodeId.startsWith("prj_")) return "the project";
  return nodeId.startsWith("ws_") ? "the workspace" : "the organization";
}

/** Position and time, as far as they can be foreseen. */
function describeOutlook({ position, estimate }: Outlook): string {
  if (position === null) return "";
  if (estimate === null) return ` At least number ${position} in the queue.`;
  const { startsInMs, running, ahead } = estimate;
  const place = ` Number ${position} in the queue`;
  const basis = [
    count(running, "run that goes on", "runs that go on"),
    count(ahead, "run before it", "runs before it"),
  ];
  const known = basis.filter((part) => part !== null);
  if (known.length === 0) return `${place}.`;
  const take = running + ahead === 1 ? "takes" : "take";
  return `${place}; it starts ${describeDelay(startsInMs)} if ${known.join(" and ")} ${take} as long as such runs did so far.`;
}

function count(number: number, one: string, many: string): string | null {
  if (number === 0) return null;
  return number === 1 ? `the ${one}` : `the ${number} ${many}`;
}

function describeDelay(delayMs: number): string {
  if (delayMs < 10 * secondMs) return "within seconds";
  if (delayMs < 2 * minuteMs) return `in about ${Math.round(delayMs / (10 * secondMs)) * 10} seconds`;
  if (delayMs < 2 * hourMs) return `in about ${Math.round(delayMs / minuteMs)} minutes`;
  return `in about ${Math.round(delayMs / hourMs)} hours`;
}

/** The same, with what the server's relay object says; null when it adds nothing. */
export function explainByRelay({ view }: TaskRecord, answer: WaitingAnswer): WaitingView | null {
  const { serverName } = view;
  if (!answer.isOnline)
    return { reason: "server", message: `${serverName} is offline. The task starts when it is back.` };
  if (answer.waiting === null) return null;
  switch (answer.waiting.reason) {
    case "blocked":
      return {
        reason: "server",
        message: `The disk of ${serverName} is full. The task starts by itself when there is room again.`,
      };
    case "cordoned":
      return {
        reason: "cordon",
        message: `${serverName} is cordoned: no new runs start there. The task keeps its place and starts when who manages servers opens it again.`,
      };
    case "turn":
      return {
        reason: "turn",
        message: `Other runs on ${serverName} start before it.${describeOutlook(answer.waiting)}`,
      };
    case "order":
      return {
        reason: "order",
        message: `Waiting for an earlier task of the same project to end.${describeOutlook(answer.waiting)}`,
      };
    case "dependency":
      return {
        reason: "dependency",
        message: `Waiting for ${answer.waiting.on.length === 1 ? "a task" : `${answer.waiting.on.length} tasks`} that must succeed first.${describeOutlook(answer.waiting)}`,
      };
    case "limit": {
      const { nodeId, resource, overdraft } = answer.waiting;
      const inUse =
        overdraft === undefined
          ? `What ${nodeWords(nodeId)} may use of ${resourceWords[resource]} is in use.`
          : `In ${nodeWords(nodeId)} ${amountWords(resource, overdraft)} more than its limit is in use, since that was lowered; nothing that runs is stopped for it.`;
      return {
        reason: "limit",
        message: `${inUse} It starts when enough is free, or when the limit is raised.${describeOutlook(answer.waiting)}`,
      };
    }
    case "capacity": {
      const { resource, overdraft } = answer.waiting;
      const over =
        overdraft === undefined
          ? ""
          : ` The runs there hold ${amountWords(resource, overdraft)} more than it offers by now.`;
      return {
        reason: "capacity",
        message: `It is next, and ${serverName} has not enough ${resourceWords[resource]} free yet.${over}${describeOutlook(answer.waiting)}`,
      };
    }
    case "roomKept":
      return {
        reason: "capacity",
        message: `Room on ${serverName} is kept for a larger run that has been passed for too long.${describeOutlook(answer.waiting)}`,
      };
    case "signature":
      return {
        reason: "signature",
        message: `It waited so long that its command is signed again, after the rights of who submitted it are checked. It goes to ${serverName} then.`,
      };
  }
}
