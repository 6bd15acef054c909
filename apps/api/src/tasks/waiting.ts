import type { WaitingAnswer } from "@quarterdeck/core/protocol/relay-api";
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
    case "turn":
      return {
        reason: "turn",
        message: `Waiting for its turn on ${serverName}: number ${answer.waiting.position} in the queue.`,
      };
    case "order":
      return { reason: "order", message: "Waiting for an earlier task of the same project to end." };
    case "capacity":
      return { reason: "capacity", message: answer.waiting.message };
    case "signature":
      return {
        reason: "signature",
        message: `It waited so long that its command is signed again, after the rights of who submitted it are checked. It goes to ${serverName} then.`,
      };
  }
}
