// Loaded before the API's own code (`node --import`) by tests: kills the process at a named moment. A file, named in the
// query of this module's address, names the moment. Nothing of it is in the API itself.
import { readFileSync, rmSync } from "node:fs";
import { RelayLink } from "../../src/relay/relay-link.ts";
import { render, Writer, type Unit } from "../../src/writer.ts";

const file = new URL(import.meta.url).searchParams.get("file") ?? "";

function reach(moment: string): void {
  let armed: string;
  try {
    armed = readFileSync(file, "utf8");
  } catch {
    return; // Nothing is to happen.
  }
  if (armed !== moment) return;
  rmSync(file);
  process.kill(process.pid, "SIGKILL");
}

/** What a unit is about, by the tables that it writes to. */
function kindOf(unit: Unit): string {
  const sql = unit.map((statement) => render(statement).sql).join(";");
  if (/insert into "tasks"/i.test(sql)) return "task";
  if (/update "servers" set "outboxThrough"/i.test(sql)) return "outbox position";
  if (/update "audit_chains" set seq/i.test(sql)) return "chaining";
  if (/delete from "auth_sessions" where \("auth_sessions"."tokenHash"/i.test(sql)) return "sign-out";
  if (/update "servers" set "reportSeq"/i.test(sql)) return "report";
  if (/delete from "attempts"/i.test(sql)) return "housekeeping";
  return "other";
}

/** Puts something around a method of a class. */
function wrap<T, K extends keyof T>(prototype: T, name: K, around: (method: T[K]) => T[K]): void {
  prototype[name] = around(prototype[name]);
}

wrap(
  Writer.prototype,
  "commit",
  (commit) =>
    async function (this: Writer, unit) {
      const kind = kindOf(unit);
      reach(`before ${kind}`);
      const outcomes = await commit.call(this, unit);
      reach(`after ${kind}`);
      return outcomes;
    },
);
wrap(
  RelayLink.prototype,
  "sendOutbox",
  (sendOutbox) =>
    async function (this: RelayLink, serverId, entries) {
      reach("before sending");
      const through = await sendOutbox.call(this, serverId, entries);
      reach("after sending");
      return through;
    },
);
