import { randomBytes } from "node:crypto";
import type { Clock } from "@quarterdeck/core/clock";
import type { RunId } from "@quarterdeck/core/ids";
import { deriveContentKey, type ContentKey } from "@quarterdeck/core/protocol/content-sealing";
import { deriveInputKey, type InputKey } from "@quarterdeck/core/protocol/input-sealing";
import type { RunKey, StreamKey } from "@quarterdeck/core/protocol/run-key";
import type { TenantScope } from "../auth/scope.ts";
import type { Database } from "../db/database.ts";
import type { SecretBox } from "../keys/secret-box.ts";
import type { Writer } from "../writer.ts";
import { insertKey, listKeys, readNewestKey, type ContentOwner } from "./stream-key-repo.ts";

interface StreamKeysOptions {
  readonly db: Database;
  readonly writer: Writer;
  readonly secrets: SecretBox;
  readonly clock: Clock;
}

/** A run whose content somebody may read, and whose content it is. */
export interface ReadableRun {
  readonly runId: RunId;
  readonly ownerId: ContentOwner;
}

/** The keys of content, sealed in the database and opened here only (PROTOCOL 10.3). */
export class StreamKeys {
  readonly #options: StreamKeysOptions;

  constructor(options: StreamKeysOptions) {
    this.#options = options;
  }

  /** The key that seals what an owner's runs write from now on. The first to ask in an epoch makes it. */
  async newest(scope: TenantScope, ownerId: ContentOwner): Promise<StreamKey> {
    const { db, writer, secrets, clock } = this.#options;
    const { epoch, sealedKey } = await readNewestKey(db, scope, ownerId);
    if (sealedKey !== null) return this.#open(scope, { ownerId, epoch, sealedKey });
    const key = randomBytes(32).toString("base64url");
    const sealed = secrets.seal(key, streamKeyPlace({ ...scope, ownerId, epoch }));
    await writer.commit([insertKey(scope, { ownerId, epoch, sealedKey: sealed, createdAtMs: clock.nowMs() })]);
    return this.newest(scope, ownerId); // Another may have been faster, or a new epoch has begun.
  }

  /** What opens these runs' content: a key for each epoch that it may have been sealed in. */
  contentKeys(scope: TenantScope, runs: readonly ReadableRun[]): Promise<Map<RunId, ContentKey[]>> {
    return this.#runKeys(scope, runs, deriveContentKey);
  }

  /** What seals what is typed into these runs, for those who may: no key of `contentKeys` does. */
  inputKeys(scope: TenantScope, runs: readonly ReadableRun[]): Promise<Map<RunId, InputKey[]>> {
    return this.#runKeys(scope, runs, deriveInputKey);
  }

  async #runKeys(
    scope: TenantScope,
    runs: readonly ReadableRun[],
    derive: (streamKey: StreamKey, runId: RunId) => Promise<RunKey>,
  ): Promise<Map<RunId, RunKey[]>> {
    const owners = [...new Set(runs.map(({ ownerId }) => ownerId))];
    const rows = await listKeys(this.#options.db, scope, owners);
    const entries = runs.map(async ({ runId, ownerId }) => {
      const keys = rows.filter((row) => row.ownerId === ownerId).map((row) => this.#open(scope, row));
      return [runId, await Promise.all(keys.map((key) => derive(key, runId)))] as const;
    });
    return new Map(await Promise.all(entries));
  }

  #open(
    scope: TenantScope,
    { ownerId, epoch, sealedKey }: { ownerId: ContentOwner; epoch: number; sealedKey: string },
  ): StreamKey {
    return { epoch, key: this.#options.secrets.open(sealedKey, streamKeyPlace({ ...scope, ownerId, epoch })) };
  }
}

/** What a key is sealed for: it opens as that one only. */
export function streamKeyPlace({
  orgId,
  ownerId,
  epoch,
}: TenantScope & { readonly ownerId: ContentOwner; readonly epoch: number }): string[] {
  return ["streamKey", orgId, ownerId, String(epoch)];
}
