import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { idSchema, type WorkspaceId } from "@quarterdeck/core/ids";
import * as z from "zod";
import { writeDurably } from "../durable-file.ts";

/** A user of the system. */
export interface SystemUser {
  readonly uid: number;
  readonly gid: number;
}

const tableSchema = z.strictObject({
  v: z.literal(1),
  /** The next number that nobody has had. */
  next: z.int().min(1),
  workspaces: z.record(idSchema("workspace"), z.int().min(1)),
});
type Table = z.infer<typeof tableSchema>;

/**
 * Nobody else gives out ids from here on: distributions end below 65536, containers and subordinate ids below 2^31 - 2^28, and the
 * dynamic users of systemd lie below both (systemd's UIDS-GIDS.md).
 */
const firstId = 1_880_000_000;
const usersPerBridge = 4096;
const bridges = 60_000;

/**
 * Whether the ids that this process gives are those of the machine: in a container of an ordinary user most do not exist.
 *
 * @param map the text of /proc/self/uid_map or gid_map
 */
export function hasWorkspaceIds(map: string): boolean {
  return map.split("\n").some((line) => {
    const [first = NaN, , count = NaN] = line.trim().split(/\s+/).map(Number);
    return first <= firstId && firstId + bridges * usersPerBridge <= first + count;
  });
}

/** Bridges of one machine have ids of their own, by where their files are. Number 0 of each is for its proxies. */
export function bridgeUser(dataPath: string, index: number): SystemUser {
  if (index >= usersPerBridge) throw new Error("a bridge has users for 4095 workspaces in its life, and all are taken");
  const block = createHash("sha256").update(dataPath).digest().readUInt32LE() % bridges;
  const id = firstId + block * usersPerBridge + index;
  return { uid: id, gid: id };
}

/** A workspace's number on its bridge. */
export function indexOfUser({ uid }: SystemUser): number {
  return (uid - firstId) % usersPerBridge;
}

/**
 * The system user of each workspace. A user is a number and stands in no list of the machine's: nobody can sign in as it. A number
 * is written down before it is used, and never used again, so that no file ever gets a new owner by itself.
 */
export class WorkspaceUsers {
  readonly #file: string;
  readonly #dataPath: string;
  #table: Table;

  private constructor(file: string, dataPath: string, table: Table) {
    this.#file = file;
    this.#dataPath = dataPath;
    this.#table = table;
  }

  static open(file: string, dataPath: string): WorkspaceUsers {
    const table = existsSync(file)
      ? tableSchema.parse(JSON.parse(readFileSync(file, "utf8")))
      : { v: 1 as const, next: 1, workspaces: {} };
    return new WorkspaceUsers(file, dataPath, table);
  }

  /** The user of a workspace; a new one where it has none yet. */
  of(workspaceId: WorkspaceId): SystemUser {
    const known = this.#table.workspaces[workspaceId];
    if (known !== undefined) return bridgeUser(this.#dataPath, known);
    const { next, workspaces } = this.#table;
    const user = bridgeUser(this.#dataPath, next);
    const table: Table = { v: 1, next: next + 1, workspaces: { ...workspaces, [workspaceId]: next } };
    writeDurably(this.#file, JSON.stringify(table));
    this.#table = table;
    return user;
  }
}
