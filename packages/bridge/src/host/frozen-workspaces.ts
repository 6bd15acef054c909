import { existsSync, readFileSync, renameSync } from "node:fs";
import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { idSchema, type WorkspaceId } from "@quarterdeck/core/ids";
import * as z from "zod";
import type { Driver } from "../drivers/driver.ts";
import { writeDurably } from "../durable-file.ts";
import { Turns } from "../helper/turns.ts";
import { errorMessage, type Log } from "../log.ts";

interface FrozenWorkspacesOptions {
  readonly driver: Pick<Driver, "freeze" | "thaw">;
  /** Where they are written down. */
  readonly file: string;
  readonly log: Log;
}

const fileSchema = z.strictObject({ v: z.literal(1), workspaces: z.array(idSchema("workspace")) });

/**
 * Which workspaces are frozen, also after this process or the machine was started anew: what the kernel forgets then is asked of
 * it again, and until it is thawed nothing starts in such a workspace, whatever the kernel says (PROTOCOL 19.1).
 */
export class FrozenWorkspaces {
  readonly #options: FrozenWorkspacesOptions;
  readonly #turns = new Turns<WorkspaceId>();
  #frozen: ReadonlySet<WorkspaceId>;

  private constructor(options: FrozenWorkspacesOptions) {
    this.#options = options;
    this.#frozen = new Set(readFrozen(options));
  }

  /** Freezes again what was frozen when the one before ended. */
  static async open(options: FrozenWorkspacesOptions): Promise<FrozenWorkspaces> {
    const workspaces = new FrozenWorkspaces(options);
    for (const workspaceId of workspaces.#frozen) await workspaces.#freezeAgain(workspaceId);
    return workspaces;
  }

  /** @throws QuarterdeckError when nothing may start in it */
  admit(workspaceId: WorkspaceId): void {
    if (this.#frozen.has(workspaceId))
      throw new QuarterdeckError("NOT_READY", "The workspace is frozen. Thaw it, then start the run again.");
  }

  /** It is written down before it is done, so that no crash in between loses it. */
  freeze(workspaceId: WorkspaceId): Promise<void> {
    return this.#turns.take(workspaceId, async () => {
      const before = this.#frozen;
      this.#remember(new Set([...before, workspaceId]));
      try {
        await this.#options.driver.freeze({ workspaceId, projectId: null });
      } catch (error) {
        if (!before.has(workspaceId)) this.#forget(workspaceId);
        throw error;
      }
    });
  }

  thaw(workspaceId: WorkspaceId): Promise<void> {
    return this.#turns.take(workspaceId, async () => {
      this.#forget(workspaceId);
      await this.#options.driver.thaw({ workspaceId, projectId: null });
    });
  }

  async #freezeAgain(workspaceId: WorkspaceId): Promise<void> {
    const { driver, log } = this.#options;
    try {
      await driver.freeze({ workspaceId, projectId: null });
      log.info("a workspace is frozen as before", { workspaceId });
    } catch (error) {
      log.error("a workspace could not be frozen again; nothing starts in it until it is thawed", {
        workspaceId,
        reason: errorMessage(error),
      });
    }
  }

  #forget(workspaceId: WorkspaceId): void {
    this.#remember(new Set([...this.#frozen].filter((each) => each !== workspaceId)));
  }

  /** Durable when this returns. */
  #remember(frozen: ReadonlySet<WorkspaceId>): void {
    if (frozen.size === this.#frozen.size && [...frozen].every((each) => this.#frozen.has(each))) return;
    writeDurably(
      this.#options.file,
      JSON.stringify({ v: 1, workspaces: [...frozen] } satisfies z.infer<typeof fileSchema>),
    );
    this.#frozen = frozen;
  }
}

function readFrozen({ file, log }: FrozenWorkspacesOptions): readonly WorkspaceId[] {
  if (!existsSync(file)) return [];
  try {
    return fileSchema.parse(JSON.parse(readFileSync(file, "utf8"))).workspaces;
  } catch (error) {
    log.error("which workspaces are frozen cannot be read, and the file is put aside", { reason: errorMessage(error) });
    renameSync(file, `${file}.damaged`);
    return [];
  }
}
