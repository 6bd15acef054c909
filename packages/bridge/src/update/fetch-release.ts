import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { ActionParams } from "@quarterdeck/core/actions/catalogue";
import { limits } from "@quarterdeck/core/protocol/limits";
import { judgeRelease, releaseManifestSchema } from "@quarterdeck/core/protocol/release";
import { openSigned, signedTextSchema } from "@quarterdeck/core/protocol/signing";
import { kibibyte } from "@quarterdeck/core/units";
import { download, sha256 } from "./download.ts";

interface FetchOptions {
  readonly params: ActionParams<"bridge.update">;
  readonly runningVersion: string;
  /** The platform's address and keys, as they were pinned when the bridge enrolled. */
  readonly apiUrl: string;
  readonly platformKeys: readonly string[];
  readonly signal: AbortSignal;
}

const manifestBytes = 64 * kibibyte;

/** Fetches a package of the bridge and checks everything there is to check of it. @returns its bytes */
export async function fetchRelease(options: FetchOptions): Promise<Buffer> {
  const { params, platformKeys, runningVersion, signal } = options;
  const base = new URL(`/install/releases/${params.manifestHash}/`, options.apiUrl);
  const text = await download(new URL("manifest.json", base), { mostBytes: manifestBytes, signal });
  const signed = signedTextSchema.safeParse(parseJson(text.toString("utf8")));
  if (!signed.success || sha256(Buffer.from(signed.data.signed)) !== params.manifestHash)
    throw refused("What the platform serves is not the manifest that the command names.");
  const manifest = await openSigned(signed.data, {
    keys: platformKeys,
    domain: "release",
    schema: releaseManifestSchema,
  });
  if (!manifest.ok)
    throw refused("The package's manifest was not signed by the platform that this server is connected to.");
  const judged = judgeRelease(manifest.value, { ...params, runningVersion });
  if (!judged.ok) throw new QuarterdeckError(judged.error.code, judged.error.message);
  const { sizeBytes } = judged.value;
  const bytes = await download(new URL("quarterdeck-bridge.tgz", base), {
    mostBytes: Math.min(sizeBytes, limits.releaseBytes),
    signal,
  });
  if (bytes.length !== sizeBytes || sha256(bytes) !== judged.value.sha256)
    throw refused("The package is not the one that the manifest describes.");
  return bytes;
}

function refused(message: string): QuarterdeckError {
  return new QuarterdeckError("UPDATE_REFUSED", `${message} Nothing was changed on this server.`);
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined; // Not a manifest, whatever it is.
  }
}
