import { hash } from "node:crypto";
import { createReadStream } from "node:fs";
import { parseArgs } from "node:util";
import type { ChainHead } from "@quarterdeck/core/audit/chain";
import { ExportVerifier, type ExportFault } from "@quarterdeck/core/audit/verify-export";
import { visibleText } from "@quarterdeck/core/audit/visible-text";
import { hashSchema } from "@quarterdeck/core/protocol/audit-head";
import { publicKeySchema } from "@quarterdeck/core/protocol/signing";
import { mebibyte } from "@quarterdeck/core/units";
import { PlatformCommandError } from "./platform-command-error.ts";
import { runOperatorCommand } from "./run-operator-command.ts";

const helpText = `Verifies an export of an audit (NDJSON, without a filter). The platform is not asked.

usage: bin/quarterdeck audit verify FILE [--head NUMBER:HASH]… [--key KEY]…

  --head  an entry's number and hash that you know from elsewhere: from a server, or from an older export
  --key   a key of the platform that you know from elsewhere; without one, the keys in the file count`;

/** No line of an export is longer. */
const lineLimit = mebibyte;

async function auditCommand(args: readonly string[]): Promise<string> {
  const { values, positionals } = parseArgs({
    args: [...args],
    options: {
      head: { type: "string", multiple: true, default: [] },
      key: { type: "string", multiple: true, default: [] },
      help: { type: "boolean", short: "h" },
    },
    allowPositionals: true,
  });
  const [verb, file, ...rest] = positionals;
  if (values.help) return helpText;
  if (verb !== "verify" || file === undefined || rest.length > 0) throw new PlatformCommandError(helpText);
  const platformKeys = values.key.map(readKey);
  return verifyFile(file, { knownHeads: values.head.map(readHead), platformKeys });
}

interface Known {
  readonly knownHeads: readonly ChainHead[];
  readonly platformKeys: readonly string[];
}

async function verifyFile(file: string, { knownHeads, platformKeys }: Known): Promise<string> {
  const sha256 = (text: string) => hash("sha256", text, "base64url");
  let verifier: ExportVerifier | null = null;
  for await (const lines of linesOf(file)) {
    if (verifier === null && lines[0] !== undefined) {
      const keys = platformKeys.length > 0 ? { platformKeys } : {};
      const opened = await ExportVerifier.open(lines[0], { sha256, knownHeads, ...keys });
      if (!(opened instanceof ExportVerifier)) throw faulty(opened);
      verifier = opened;
      lines.shift();
    }
    for (const line of lines) {
      const fault = verifier?.take(line) ?? null;
      if (fault !== null) throw faulty(fault);
    }
  }
  if (verifier === null) throw new PlatformCommandError("The file is empty.");
  const fault = verifier.end();
  if (fault !== null) throw faulty(fault);
  return describeWhole(verifier, platformKeys.length > 0);
}

function describeWhole({ header, entries, head, witnesses }: ExportVerifier, knowsKeys: boolean): string {
  const { chainId, from, exportedAtMs } = header;
  const rows = witnesses.map(
    ({ serverId, seq, publicKey }) => `  ${serverId} holds entry ${seq}, signed by ${publicKey}`,
  );
  const cut =
    from.seq === 0 ? [] : [`Entries up to ${from.seq} were deleted by the org's rule; the platform signed that.`];
  return [
    `Whole: ${entries} entries of ${chainId}, exported ${new Date(exportedAtMs).toISOString()}.`,
    `newest  ${head.seq}:${head.hash}`,
    ...cut,
    ...(rows.length === 0
      ? [
          "No server has signed for it: an old copy in its place would look whole. Compare with a head that you know (--head).",
        ]
      : ["Servers that have signed for it (compare the keys with those that you know):", ...rows]),
    ...(knowsKeys
      ? []
      : ["The platform's keys were taken from the file itself; name those that you know (--key) to be sure."]),
  ].join("\n");
}

function faulty({ kind, seq, entryId, message }: ExportFault): PlatformCommandError {
  if (seq === null) return new PlatformCommandError(visibleText(message));
  const id = entryId === null ? "" : ` (${visibleText(entryId)})`;
  return new PlatformCommandError(`Not whole. The first bad entry is ${seq}${id}: ${kind}, ${message}.`);
}

/** Lines of a file, of which each ends with a line feed, some at a time, in constant memory. */
async function* linesOf(file: string): AsyncGenerator<string[]> {
  let rest = "";
  const stream = createReadStream(file, { encoding: "utf8", highWaterMark: mebibyte });
  try {
    for await (const chunk of stream as AsyncIterable<string>) {
      const lines = (rest + chunk).split("\n");
      rest = lines.pop() ?? "";
      if (rest.length > lineLimit) throw new PlatformCommandError("The file has a line that is none of an export.");
      yield lines;
    }
  } catch (error) {
    if (error instanceof Error && "code" in error)
      throw new PlatformCommandError(`The file cannot be read: ${error.message}`);
    throw error;
  }
  if (rest !== "") yield [rest];
}

function readHead(text: string): ChainHead {
  const [seq = "", hash] = text.split(":");
  if (/^\d{1,15}$/.test(seq) && hashSchema.safeParse(hash).success) return { seq: Number(seq), hash: hash as string };
  throw new PlatformCommandError(`--head is a number and a hash, like 12:abc…, not "${text}".`);
}

function readKey(text: string): string {
  if (publicKeySchema.safeParse(text).success) return text;
  throw new PlatformCommandError(`--key is a public key of the platform, not "${text}".`);
}

await runOperatorCommand("audit", () => auditCommand(process.argv.slice(2)));
