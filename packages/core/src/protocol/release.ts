import * as z from "zod";
import { accept, refuse, type Result } from "../errors/result.ts";
import { limits } from "./limits.ts";
import { versionSchema } from "./version.ts";

/** What a version of the bridge is called: three numbers, so that two can be compared. */
export const bridgeVersionSchema = z.string().regex(/^\d{1,6}\.\d{1,6}\.\d{1,6}$/, "must be a version like 1.2.3");

const sha256Schema = z.string().regex(/^[A-Za-z0-9_-]{43}$/, "must be a SHA-256 in base64url");

/**
 * What the platform signs about a package of the bridge (PROTOCOL 9.1). Fields that an older bridge does not know are
 * ignored, or it could never be updated.
 */
export const releaseManifestSchema = z.object({
  v: z.literal(1),
  version: bridgeVersionSchema,
  /** Of the package's bytes. */
  sha256: sha256Schema,
  sizeBytes: z.int().min(1).max(limits.releaseBytes),
  /** What this version can do. */
  actions: z.array(z.string().max(64)).max(200),
  features: z.array(z.string().max(64)).max(200),
  /** The oldest protocol that it speaks. */
  minimalProtocol: versionSchema,
});
export type ReleaseManifest = z.infer<typeof releaseManifestSchema>;

/** Negative when `a` is older than `b`, 0 for the same version. Both must be of the schema's shape. */
export function compareBridgeVersions(a: string, b: string): number {
  const numbers = (version: string) => bridgeVersionSchema.parse(version).split(".").map(Number);
  const [left, right] = [numbers(a), numbers(b)];
  return left.map((number, index) => number - (right[index] ?? 0)).find((difference) => difference !== 0) ?? 0;
}

interface Wanted {
  /** The version that the command names. */
  readonly version: string;
  readonly runningVersion: string;
  /** The command says that an older version may replace this one. */
  readonly allowsDowngrade: boolean;
}

/** Whether a manifest whose signature holds may replace what runs (PROTOCOL 9.3). */
export function judgeRelease(manifest: ReleaseManifest, wanted: Wanted): Result<ReleaseManifest> {
  const { version } = manifest;
  if (version !== wanted.version)
    return refuse(
      "UPDATE_REFUSED",
      `The command asks for version ${wanted.version}; the package is version ${version}.`,
    );
  const difference = compareBridgeVersions(version, wanted.runningVersion);
  if (difference === 0)
    return refuse("UPDATE_REFUSED", `Version ${version} runs already, and this is another package of it.`);
  if (difference < 0 && !wanted.allowsDowngrade)
    return refuse(
      "UPDATE_REFUSED",
      `Version ${version} is older than ${wanted.runningVersion}, which runs, and the command does not allow that.`,
    );
  return accept(manifest);
}
