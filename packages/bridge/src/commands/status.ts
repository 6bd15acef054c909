import { existsSync } from "node:fs";
import { DatabaseSync } from "node:sqlite";
import { readBridgeState } from "../bridge-state.ts";
import type { DataDirectory } from "../data-directory.ts";
import { takeDataLock } from "../data-lock.ts";
import { readIdentity } from "../identity.ts";

/** `status`: what this server is and how its bridge is doing. @returns the exit code: 0 when it is online */
export function statusCommand(data: DataDirectory, say: (line: string) => void): number {
  const identity = readIdentity(data);
  say(`server    ${identity.serverId}`);
  say(`platform  ${identity.apiUrl}`);
  say(`files     ${data.path}`);
  const lock = takeDataLock(data.lockFile);
  lock?.release();
  const state = readBridgeState(data);
  const isRunning = lock === undefined;
  say(
    `bridge    ${isRunning ? `running (process ${state?.pid ?? "?"})` : "not running; start it with: quarterdeck-bridge run"}`,
  );
  if (isRunning && state)
    say(
      `relay     ${state.state} since ${new Date(state.sinceMs).toISOString()}${state.detail ? `: ${state.detail}` : ""}`,
    );
  if (existsSync(data.journalFile)) describeJournal(data.journalFile, say);
  return isRunning && state?.state === "online" ? 0 : 1;
}

function describeJournal(path: string, say: (line: string) => void): void {
  const database = new DatabaseSync(path, { readOnly: true });
  try {
    const count = (sql: string) => Number(database.prepare(sql).get()?.["n"] ?? 0);
    say(
      `runs      ${count("SELECT count(*) AS n FROM commands WHERE state IN ('RECEIVED', 'INTENT', 'STARTED')")} going on`,
    );
    say(`results   ${count("SELECT count(*) AS n FROM results")} waiting for the relay's acknowledgement`);
  } finally {
    database.close();
  }
}
