import type { ReleaseManifest } from "@quarterdeck/core/protocol/release";
import type { NodeBinary } from "./offered-node.ts";

interface ManifestInputs {
  readonly release: { readonly manifest: ReleaseManifest; readonly manifestHash: string };
  /** Null: a server needs a Node of its own. */
  readonly node: NodeBinary | null;
}

/**
 * What the installer installs (PROTOCOL 9.7): a line for each thing, in fields that a POSIX shell can read. It ignores lines
 * that it does not know; the number after the first word says when it must not.
 */
export function installManifestText({ release, node }: ManifestInputs): string {
  const { version, sha256, sizeBytes } = release.manifest;
  const archivePath = `/install/releases/${release.manifestHash}/quarterdeck-bridge.tgz`;
  const lines = [
    "quarterdeck-install 1",
    `bridge ${version} ${Buffer.from(sha256, "base64url").toString("hex")} ${sizeBytes} ${archivePath}`,
    ...(node === null
      ? []
      : [`node ${node.target} ${node.version} ${node.sha256} ${node.sizeBytes} /install/node/${node.sha256}.gz`]),
  ];
  return `${lines.join("\n")}\n`;
}
