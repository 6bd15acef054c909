import { createHash } from "node:crypto";
import { readFile } from "node:fs/promises";
import { releaseManifestSchema, type ReleaseManifest } from "@quarterdeck/core/protocol/release";
import type { SignedText } from "@quarterdeck/core/protocol/signing";
import { negotiate, protocolRange } from "@quarterdeck/core/protocol/version";
import type { PlatformKeys } from "../keys/platform-keys.ts";
import type { Log } from "../log.ts";

/** The package of the bridge that this platform offers to its servers. */
export interface OfferedRelease {
  readonly manifest: ReleaseManifest;
  /** The manifest as the platform's current key signs it; the text is the same whichever key that is. */
  readonly sign: () => Promise<SignedText>;
  /** What a command names it by: SHA-256 of the manifest's text. */
  readonly manifestHash: string;
  /** Kept in memory, so that what is served is what was signed, whatever becomes of the file. */
  readonly archive: Uint8Array<ArrayBuffer>;
}

const digest = (bytes: Uint8Array | string) => createHash("sha256").update(bytes).digest("base64url");

/**
 * Reads the package and what the build wrote beside it. A new package is offered after the next start.
 *
 * @returns null where there is none that may be offered; the log says why
 */
export async function loadOfferedRelease(
  tarball: string | null,
  { platform, log }: { platform: Pick<PlatformKeys, "sign">; log: Log },
): Promise<OfferedRelease | null> {
  if (tarball === null) return null;
  let archive: Uint8Array<ArrayBuffer>;
  let manifest: ReleaseManifest;
  try {
    archive = new Uint8Array(await readFile(tarball));
    manifest = releaseManifestSchema.parse(JSON.parse(await readFile(`${tarball}.json`, "utf8")));
  } catch (error) {
    log.warn({ err: error, tarball }, "no update is offered to servers: the bridge's package cannot be read");
    return null;
  }
  if (manifest.sha256 !== digest(archive) || manifest.sizeBytes !== archive.length) {
    log.error({ tarball }, "no update is offered to servers: the bridge's package is not the one described beside it");
    return null;
  }
  const { major } = manifest.minimalProtocol;
  if (!negotiate(protocolRange, { min: manifest.minimalProtocol, max: { major, minor: Number.MAX_SAFE_INTEGER } })) {
    log.error(
      { version: manifest.version },
      "no update is offered to servers: this platform is too old for the bridge",
    );
    return null;
  }
  const text = JSON.stringify(manifest);
  return { manifest, sign: () => platform.sign("release", text), manifestHash: digest(text), archive };
}
