import type * as z from "zod";
import { secretInputSchema, type SecretInput } from "../actions/secret-input.ts";
import { accept, refuse, type Result } from "../errors/result.ts";
import type { Command } from "./command.ts";
import { streamKeySchema, type StreamKey } from "./run-key.ts";
import { openFor, sealFor, type SealingKey } from "./hpke.ts";

type Ids = Pick<Command, "serverId" | "commandId" | "runId" | "attempt" | "projectId" | "workspaceId">;

/** Whose stream key seals the content of a run: its project's or, where it has none, its workspace's (PROTOCOL 10.3). */
export function contentOwner({ projectId, workspaceId }: Pick<Ids, "projectId" | "workspaceId">): string {
  const owner = projectId ?? workspaceId;
  if (owner === null) throw new TypeError("what belongs to no workspace has no content");
  return owner;
}

/**
 * Seals a stream key for a bridge. It is bound to the server and to whose content it seals and to no command, so it is made
 * once for all commands until the next epoch.
 *
 * @param sealingKey the bridge's X25519 key in base64url
 */
export async function sealStreamKey(
  streamKey: StreamKey,
  sealingKey: string,
  ids: Pick<Ids, "serverId" | "projectId" | "workspaceId">,
): Promise<string> {
  return sealFor(sealingKey, { text: JSON.stringify(streamKey), binding: streamKeyBinding(ids) });
}

/** Seals what only the bridge may read of one command. No other command can take it over. */
export async function sealSecretInput(input: SecretInput, sealingKey: string, ids: Ids): Promise<string> {
  return sealFor(sealingKey, { text: JSON.stringify(input), binding: secretInputBinding(ids) });
}

/** The sealed part of a command: its stream key and, where it brings any, its secret input (PROTOCOL 10.1). */
export function joinSealedPart(parts: { readonly streamKey: string; readonly secretInput: string | null }): string {
  return parts.secretInput === null ? parts.streamKey : `${parts.streamKey}.${parts.secretInput}`;
}

/** The two sealed texts of a sealed part, not opened yet. */
export function splitSealedPart(sealed: string): { readonly streamKey: string; readonly secretInput: string | null } {
  const [streamKey = "", secretInput = null] = sealed.split(".", 2);
  return { streamKey, secretInput };
}

/**
 * Opens the stream key of a command.
 *
 * @returns the key, or `SEALED_PART_INVALID`: sealed for another bridge or project, changed, or of another shape
 */
export function openStreamKey(
  sealed: string,
  sealingKey: SealingKey,
  ids: Pick<Ids, "serverId" | "projectId" | "workspaceId">,
): Promise<Result<StreamKey>> {
  return open(sealed, sealingKey, { binding: streamKeyBinding(ids), schema: streamKeySchema });
}

/** Opens the secret input of a command; `SEALED_PART_INVALID` when it was sealed for another one. */
export function openSecretInput(sealed: string, sealingKey: SealingKey, ids: Ids): Promise<Result<SecretInput>> {
  return open(sealed, sealingKey, { binding: secretInputBinding(ids), schema: secretInputSchema });
}

function streamKeyBinding(ids: Pick<Ids, "serverId" | "projectId" | "workspaceId">): readonly string[] {
  return ["streamKey", ids.serverId, contentOwner(ids)];
}

function secretInputBinding({ serverId, commandId, runId, attempt }: Ids): readonly string[] {
  return ["secretInput", serverId, commandId, runId, String(attempt)];
}

async function open<T>(
  sealed: string,
  sealingKey: SealingKey,
  { binding, schema }: { readonly binding: readonly string[]; readonly schema: z.ZodType<T> },
): Promise<Result<T>> {
  try {
    const parsed = schema.safeParse(JSON.parse(await openFor(sealingKey, { sealed, binding })));
    if (parsed.success) return accept(parsed.data);
  } catch {
    // Falls through: what went wrong with a secret is not spelled out.
  }
  return refuse("SEALED_PART_INVALID", "The sealed part of the command is not what the platform sealed for it.");
}
