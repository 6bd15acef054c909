import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync, gzipSync } from "node:zlib";
import { releaseManifestSchema, type ReleaseManifest } from "@quarterdeck/core/protocol/release";
import { signText } from "@quarterdeck/core/protocol/signing";
import { packTar } from "../pack-tar.ts";
import { readTar, type TarFile } from "../src/update/read-tar.ts";
import type { FakeRelay } from "./fake-relay.ts";

const packageRoot = join(import.meta.dirname, "..");

/** How a version of a test differs from the real package, beyond its number. */
type Sabotage = keyof typeof sabotages;

let built: { files: TarFile[]; manifest: ReleaseManifest } | undefined;

/** The real package, built once. */
export function realPackage(): { files: TarFile[]; manifest: ReleaseManifest } {
  if (built) return built;
  execFileSync(process.execPath, ["build.ts"], { cwd: packageRoot });
  const tarball = join(packageRoot, "dist/quarterdeck-bridge.tgz");
  const manifest = releaseManifestSchema.parse(JSON.parse(readFileSync(`${tarball}.json`, "utf8")));
  built = { files: readTar(gunzipSync(readFileSync(tarball))), manifest };
  return built;
}

const isNeverWelcomed = (code: string) => replaced(code, "quarterdeck/hello/v1", "quarterdeck/hello/v0");
const hasNewerJournal = (code: string) =>
  replaced(code, "journalSteps = [firstTables]", "journalSteps = [firstTables, 'CREATE TABLE newer (id TEXT) STRICT']");

const sabotages = {
  none: (code: string) => code,
  exits: (code: string) => `process.exit(9);\n${code}`,
  hangs: (code: string) => `setInterval(() => {}, 1000); await new Promise(() => {});\n${code}`,
  isNeverWelcomed,
  readsNoJournal: (code: string) => replaced(code, "PRAGMA integrity_check", "PRAGMA no_such_check"),
  hasNewerJournal,
  hasNewerJournalAndIsNeverWelcomed: (code: string) => isNeverWelcomed(hasNewerJournal(code)),
};

function replaced(code: string, from: string, to: string): string {
  if (!code.includes(from)) throw new Error(`the bundle does not hold ${from}`);
  return code.replaceAll(from, to);
}

/** The real package under another number, and broken in one way. */
export function packageOf(
  version: string,
  sabotage: Sabotage = "none",
): { archive: Buffer; manifest: ReleaseManifest } {
  const { files, manifest } = realPackage();
  const changed = files.map((file) => {
    let text = file.content.toString("utf8");
    if (/\.m?js(on)?$/.test(file.name)) text = text.replaceAll(`"${manifest.version}"`, `"${version}"`);
    if (file.name.endsWith("cli.mjs")) text = sabotages[sabotage](text);
    return { ...file, content: Buffer.from(text) };
  });
  const archive = gzipSync(packTar(changed));
  return { archive, manifest: { ...manifest, version, ...digestOf(archive) } };
}

export function digestOf(archive: Buffer): Pick<ReleaseManifest, "sha256" | "sizeBytes"> {
  return { sha256: createHash("sha256").update(archive).digest("base64url"), sizeBytes: archive.length };
}

/** Offers a package at the platform's address. @returns the parameters of the command that asks for it */
export async function offer(
  relay: FakeRelay,
  { archive, manifest }: { archive: Buffer; manifest: ReleaseManifest },
): Promise<{ version: string; manifestHash: string; allowsDowngrade: boolean; triesAgain: boolean }> {
  const signed = await signText(relay.platform.current.privateKey, "release", JSON.stringify(manifest));
  const manifestHash = createHash("sha256").update(signed.signed).digest("base64url");
  relay.files.set(`/install/releases/${manifestHash}/manifest.json`, Buffer.from(JSON.stringify(signed)));
  relay.files.set(`/install/releases/${manifestHash}/quarterdeck-bridge.tgz`, archive);
  return { version: manifest.version, manifestHash, allowsDowngrade: false, triesAgain: false };
}
