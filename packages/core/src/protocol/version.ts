import * as z from "zod";

/** A protocol version: peers with the same major version understand each other. */
export const versionSchema = z.strictObject({ major: z.int().min(0), minor: z.int().min(0) });
export type Version = z.infer<typeof versionSchema>;

/** What one side can speak: every version from `min` to `max`. */
export const versionRangeSchema = z.strictObject({ min: versionSchema, max: versionSchema });
export type VersionRange = z.infer<typeof versionRangeSchema>;

/** What this build speaks. The history is in PROTOCOL.md. */
export const protocolRange: VersionRange = { min: { major: 1, minor: 0 }, max: { major: 1, minor: 2 } };

function compare(a: Version, b: Version): number {
  return a.major - b.major || a.minor - b.minor;
}

/** Whether a version has what `since` brought (PROTOCOL 1.1). */
export function isAtLeast(version: Version, since: Version): boolean {
  return compare(version, since) >= 0;
}

/** The newest version that both sides speak, or `undefined` when there is none (PROTOCOL 1.2). */
export function negotiate(ours: VersionRange, theirs: VersionRange): Version | undefined {
  const newest = compare(ours.max, theirs.max) <= 0 ? ours.max : theirs.max;
  const oldest = compare(ours.min, theirs.min) >= 0 ? ours.min : theirs.min;
  return compare(oldest, newest) <= 0 ? newest : undefined;
}
