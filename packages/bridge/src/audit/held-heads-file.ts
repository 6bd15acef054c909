import { existsSync, readFileSync, renameSync } from "node:fs";
import { auditHeadSchema, toldHeadSchema, type AuditHead } from "@quarterdeck/core/protocol/audit-head";
import type { SignedText } from "@quarterdeck/core/protocol/signing";
import * as z from "zod";
import type { DataDirectory } from "../data-directory.ts";
import { writeDurably } from "../durable-file.ts";
import { errorMessage, type Log } from "../log.ts";

/** A head, with the platform's word for it. */
export interface ToldHead {
  readonly head: AuditHead;
  readonly text: SignedText;
}

interface HeldHeadsOnDisk {
  readonly newest: ToldHead;
  /** The one that was the newest before. */
  readonly before: ToldHead | null;
}

const fileSchema = z.strictObject({ newest: toldHeadSchema, before: toldHeadSchema.nullable() });

/** What was held when it was written last. The signatures were verified before. */
export function readHeldHeads(data: DataDirectory, log: Log): HeldHeadsOnDisk | null {
  const path = data.auditHeadsFile;
  if (!existsSync(path)) return null;
  try {
    const { newest, before } = fileSchema.parse(JSON.parse(readFileSync(path, "utf8")));
    return { newest: opened(newest), before: before && opened(before) };
  } catch (error) {
    log.error("what was kept of the audit cannot be read, and is put aside", { reason: errorMessage(error) });
    renameSync(path, `${path}.damaged`);
    return null;
  }
}

export function writeHeldHeads(data: DataDirectory, { newest, before }: HeldHeadsOnDisk): void {
  writeDurably(data.auditHeadsFile, JSON.stringify({ newest: newest.text, before: before?.text ?? null }));
}

function opened(text: SignedText): ToldHead {
  return { head: auditHeadSchema.parse(JSON.parse(text.signed)), text };
}
