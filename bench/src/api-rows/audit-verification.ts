import { execFileSync } from "node:child_process";
import { createHash } from "node:crypto";
import { closeSync, mkdtempSync, openSync, readFileSync, rmSync, statSync, writeSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { emptyChain, nextHead, type AuditRecord, type ChainHead } from "@quarterdeck/core/audit/chain";
import type { ExportHeader } from "@quarterdeck/core/audit/export-file";
import { makeId } from "@quarterdeck/core/ids";
import { generateSigningKey, importSigningKey, signText } from "@quarterdeck/core/protocol/signing";
import { median } from "../percentile.ts";
import { compare, type Row } from "../row.ts";

const entryCount = 500_000;
const rounds = 3;
const wantedPerSecond = 100_000;
const command = join(import.meta.dirname, "../../../apps/api/src/operator/audit-command.ts");

/**
 * `quarterdeck audit verify` of an export, its start included. It has one thread, so what it does in a second of processor time is what
 * it does in a second where nobody takes the processor away.
 */
export async function measureAuditVerification(): Promise<Row[]> {
  const folder = mkdtempSync(join(tmpdir(), "quarterdeck-audit-"));
  try {
    const file = join(folder, "audit.ndjson");
    await writeExport(file);
    const perSecond: number[] = [];
    const perSecondOfClock: number[] = [];
    for (let round = 0; round < rounds; round++) {
      const [startedAt, usedBefore] = [performance.now(), childrenCpuSeconds()];
      const said = execFileSync(process.execPath, [command, "verify", file], { encoding: "utf8" });
      if (!said.startsWith(`Whole: ${entryCount} entries`)) throw new Error(`not verified: ${said}`);
      perSecond.push(entryCount / (childrenCpuSeconds() - usedBefore));
      perSecondOfClock.push(entryCount / ((performance.now() - startedAt) / 1000));
    }
    return [
      compare({
        what: "audit verification",
        ours: median(perSecond),
        peer: wantedPerSecond,
        peerName: "what is promised",
        unit: "entries/s",
        bar: 1,
        direction: "at least",
        config: {
          entryCount,
          rounds,
          fileBytes: statSync(file).size,
          counted: "processor time of the whole process",
          perSecondOfClock: Math.round(median(perSecondOfClock)),
        },
      }),
    ];
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** User and system time of the children that have ended, by the kernel's count, in hundredths of a second (proc(5)). */
function childrenCpuSeconds(): number {
  const fields = readFileSync("/proc/self/stat", "utf8")
    .replace(/^.*\) /s, "")
    .split(" ");
  return (Number(fields[13]) + Number(fields[14])) / 100;
}

async function writeExport(file: string): Promise<void> {
  const sha256 = (text: string) => createHash("sha256").update(text).digest("base64url");
  const random = (n: number) => new Uint8Array(16).map((_, index) => (n >>> (index % 4)) + index * 7);
  const chainId = makeId("org", 1, random(1));
  const startedAtMs = 1_700_000_000_000;
  let head: ChainHead = emptyChain;
  let lines: string[] = [];
  for (let n = 0; n < entryCount; n++) {
    const entry: AuditRecord = {
      entryId: makeId("entry", startedAtMs + n, random(n)),
      atMs: startedAtMs + n,
      actor: makeId("user", 1, random(n % 50)),
      address: "203.0.113.7",
      action: "task.submit",
      subject: makeId("task", startedAtMs + n, random(n)),
      outcome: "done",
      detail: "exec",
    };
    head = nextHead({ chainId, sha256 }, head, entry);
    lines.push(`${JSON.stringify({ ...entry, ...head })}\n`);
  }
  const key = await generateSigningKey();
  const said = JSON.stringify({ v: 1, orgId: chainId, ...head });
  const header: ExportHeader = {
    format: "quarterdeck-audit",
    v: 1,
    chainId,
    exportedAtMs: startedAtMs,
    isWhole: true,
    from: emptyChain,
    to: head,
    cut: null,
    head: await signText(await importSigningKey(key.privateKeyPkcs8), "auditHead", said),
    platformKeys: [key.publicKey],
    witnesses: [],
  };
  const open = openSync(file, "w");
  writeSync(open, `${JSON.stringify(header)}\n`);
  for (; lines.length > 0; lines = lines.slice(10_000)) writeSync(open, lines.slice(0, 10_000).join(""));
  writeSync(open, `${JSON.stringify({ end: true, entries: entryCount })}\n`);
  closeSync(open);
}
