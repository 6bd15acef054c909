import {
  countReadings,
  decodeReadings,
  encodeReadings,
  splitReadings,
  type CompactReadings,
  type ServerGroup,
} from "@quarterdeck/core/protocol/compact-readings";
import { limits } from "@quarterdeck/core/protocol/limits";
import { decodeWorkspaces, encodeWorkspaces, type WorkspaceGroup } from "@quarterdeck/core/protocol/workspace-readings";
import { minuteMs } from "@quarterdeck/core/units";

/** A little more than a slot of the history at a reading a second: what is not in the storage yet. */
const keptReadings = 360;
const keptMs = limits.historySlotMs + minuteMs;
/** The most numbers of workspaces that are kept: some megabytes. */
const keptNumbers = 400_000;

function numbersIn({ rows }: WorkspaceGroup): number {
  return rows.length * (rows[0]?.length ?? 0);
}

/** The newest readings, for whoever begins to watch. In memory only. */
export class RecentReadings {
  #server: readonly ServerGroup[] = [];
  #count = 0;
  #workspaces: readonly WorkspaceGroup[] = [];
  #numbers = 0;

  /** Keeps them as they came. */
  add(readings: CompactReadings): void {
    const { server, workspaces } = splitReadings(readings);
    this.#server = [...this.#server, ...server];
    this.#count += countReadings(server);
    this.#dropServer();
    if (workspaces.length === 0) return;
    this.#workspaces = [...this.#workspaces, ...workspaces];
    for (const group of workspaces) this.#numbers += numbersIn(group);
    this.#dropWorkspaces(workspaces.at(-1)?.rows[0]?.[0] ?? 0);
  }

  /** All of them, in as little as they take. */
  packed(): CompactReadings {
    this.#server = encodeReadings(decodeReadings(this.#server));
    this.#workspaces = encodeWorkspaces(decodeWorkspaces(this.#workspaces));
    return [...this.#server, ...this.#workspaces];
  }

  #dropServer(): void {
    let drop = 0;
    for (const { rows } of this.#server) {
      if (this.#count - rows.length < keptReadings) break;
      this.#count -= rows.length;
      drop++;
    }
    if (drop > 0) this.#server = this.#server.slice(drop);
  }

  #dropWorkspaces(newestMs: number): void {
    let drop = 0;
    for (const group of this.#workspaces) {
      const isOld = (group.rows[0]?.[0] ?? 0) < newestMs - keptMs;
      if (!isOld && this.#numbers <= keptNumbers) break;
      this.#numbers -= numbersIn(group);
      drop++;
    }
    if (drop > 0) this.#workspaces = this.#workspaces.slice(drop);
  }
}
