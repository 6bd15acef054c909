import { existsSync, readFileSync, renameSync } from "node:fs";
import { idSchema } from "@quarterdeck/core/ids";
import type { Command } from "@quarterdeck/core/protocol/command";
import type { LimitEvidence } from "@quarterdeck/core/protocol/limit-evidence";
import { areSameLimits, kernelLimitsSchema } from "@quarterdeck/core/quota/kernel-limits";
import * as z from "zod";
import type { Driver, GroupPath } from "../drivers/driver.ts";
import { writeWhole } from "../durable-file.ts";
import { errorMessage, type Log } from "../log.ts";
import { NetworkReach, reachAfter, type NetworkMode } from "./network-reach.ts";

/** What a command says about the groups that its run is in. */
export type LimitingCommand = Pick<Command, "workspaceId" | "projectId" | "quota" | "notBeforeMs"> & {
  /** Of a command that starts a run: what that may reach, and how long it may go on. */
  readonly starts?: { readonly mode: NetworkMode; readonly timeoutMs: number };
};

const groupSchema = z.strictObject({
  workspaceId: idSchema("workspace"),
  projectId: idSchema("project").nullable(),
  limits: kernelLimitsSchema,
  signedAtMs: z.int().min(0),
  /** What runs of it may reach; missing where none was started. */
  reach: z.strictObject({ mode: z.enum(["none", "allowList", "all"]), allUntilMs: z.int().nullable() }).exactOptional(),
});
type Group = z.infer<typeof groupSchema>;

interface GroupLimitsOptions {
  readonly driver: Pick<Driver, "applyLimits">;
  /** Where the newest limits are kept: what an older command says must not come back after a restart. */
  readonly file: string;
  readonly log: Log;
  /** Which networks limits must hold in, for whoever holds them there. */
  readonly reach?: NetworkReach;
  readonly nowMs?: () => number;
  readonly onEvidence: (evidence: readonly LimitEvidence[]) => void;
}

/**
 * Gives the groups of workspaces and projects the limits that commands bring. A command may have waited while another with
 * newer limits was carried out, so for each group the newest signature counts (PROTOCOL 16.2).
 */
export class GroupLimits {
  readonly #options: GroupLimitsOptions;
  readonly #groups: Map<string, Group>;
  /** Under which networks each was applied. */
  readonly #applied = new Map<string, string>();
  readonly #reach: NetworkReach;
  readonly #nowMs: () => number;
  #inTurn: Promise<unknown> = Promise.resolve();

  constructor(options: GroupLimitsOptions) {
    this.#options = options;
    this.#groups = new Map(readGroups(options).map((group) => [keyOf(group), group]));
    this.#reach = options.reach ?? new NetworkReach();
    this.#nowMs = options.nowMs ?? Date.now;
    for (const { reach, ...path } of this.#groups.values()) if (reach) this.#reach.set(path, reach);
  }

  /**
   * Applies what a command says, unless that is applied already or newer limits are. Rejects when a limit could not be
   * applied: then nothing may be started under it.
   */
  apply(command: LimitingCommand): Promise<void> {
    return this.#next(async () => {
      const groups = groupsOf(command);
      if (command.starts && groups.length > 0) this.#note(groups, command.starts);
      for (const group of groups) await this.#take(group);
    });
  }

  /** Applies every limit again and reads it back: what somebody changed on the machine is put right, and told. */
  again(): Promise<void> {
    return this.#next(async () => {
      for (const group of this.#groups.values()) {
        await this.#carryOut(group).catch((error: unknown) => {
          this.#options.log.error("a limit could not be applied again", {
            workspaceId: group.workspaceId,
            projectId: group.projectId,
            reason: errorMessage(error),
          });
        });
      }
    });
  }

  #next<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#inTurn.then(act);
    this.#inTurn = done.catch(() => undefined); // Whoever asked is told.
    return done;
  }

  async #take(group: Group): Promise<void> {
    const key = keyOf(group);
    const known = this.#groups.get(key);
    const isNewer = known === undefined || group.signedAtMs >= known.signedAtMs;
    const newest = isNewer ? group : known;
    const reach = this.#reach.get(group);
    const next = reach === null ? newest : { ...newest, reach };
    const isSame = known !== undefined && areSameLimits(known.limits, next.limits);
    if (isSame && this.#applied.get(key) === this.#networksOf(group)) {
      this.#groups.set(key, next);
      return;
    }
    await this.#carryOut(next);
    this.#groups.set(key, next);
    this.#keep();
  }

  /** Of a run that is about to be started. */
  #note(groups: readonly Group[], { mode, timeoutMs }: NonNullable<LimitingCommand["starts"]>): void {
    const innermost = groups.at(-1);
    if (innermost === undefined) return;
    const { workspaceId, projectId } = innermost;
    const path = { workspaceId, projectId };
    this.#reach.set(path, reachAfter(this.#reach.get(path), { mode, timeoutMs, nowMs: this.#nowMs() }));
  }

  #networksOf(path: GroupPath): string {
    return this.#reach.modes(path, this.#nowMs()).join(" ");
  }

  async #carryOut(group: Group): Promise<void> {
    const key = keyOf(group);
    this.#applied.delete(key);
    const { workspaceId, projectId, limits } = group;
    const path: GroupPath = { workspaceId, projectId };
    this.#options.onEvidence(await this.#options.driver.applyLimits(path, limits));
    this.#applied.set(key, this.#networksOf(group));
  }

  #keep(): void {
    const { file, log } = this.#options;
    try {
      writeWhole(file, JSON.stringify([...this.#groups.values()]));
    } catch (error) {
      // The limits hold; only after a restart an older command could bring older ones, until the next command.
      log.warn("the limits of groups could not be written down", { reason: errorMessage(error) });
    }
  }
}

function groupsOf({ workspaceId, projectId, quota, notBeforeMs }: LimitingCommand): Group[] {
  if (workspaceId === null || quota === null) return [];
  const workspace: Group = { workspaceId, projectId: null, limits: quota.workspace, signedAtMs: notBeforeMs };
  if (projectId === null || quota.project === null) return [workspace];
  return [workspace, { workspaceId, projectId, limits: quota.project, signedAtMs: notBeforeMs }];
}

function readGroups({ file, log }: GroupLimitsOptions): Group[] {
  if (!existsSync(file)) return [];
  try {
    return z.array(groupSchema).parse(JSON.parse(readFileSync(file, "utf8")));
  } catch (error) {
    log.error("the limits of groups cannot be read, and are put aside", { reason: errorMessage(error) });
    renameSync(file, `${file}.damaged`);
    return [];
  }
}

function keyOf({ workspaceId, projectId }: GroupPath): string {
  return projectId ?? workspaceId;
}
