import { setImmediate as endOfTurn } from "node:timers/promises";
import type { ChainHead, ChainId } from "@quarterdeck/core/audit/chain";
import { ChainVerifier, type ChainFault } from "@quarterdeck/core/audit/verify-chain";
import type { Database } from "../db/database.ts";
import { readCut } from "./chain-cut-repo.ts";
import { readChain, readChainHead, sha256 } from "./chain-repo.ts";
import { listWitnessedHeads } from "./witness-repo.ts";

/** Reading and hashing them takes a few milliseconds, in which this process does nothing else. */
const pageEntries = 500;

export interface AuditVerdict {
  readonly head: ChainHead;
  readonly fault: ChainFault | null;
}

/** Verifies a chain in the database against all that is known of it here, and against what its bridges have signed. */
export async function verifyAudit(db: Database, chainId: ChainId): Promise<AuditVerdict> {
  const witnessed = chainId === "platform" ? [] : await listWitnessedHeads(db, chainId);
  const [from, newest] = [await readCut(db, chainId), await readChainHead(db, chainId)];
  const verifier = new ChainVerifier({ chainId, sha256, from, knownHeads: [newest, ...witnessed] });
  for (let after = from.seq; ; ) {
    const page = await readChain(db, chainId, { after, limit: pageEntries });
    for (const entry of page) {
      const fault = verifier.take(entry);
      if (fault !== null) return { head: verifier.head, fault };
      after = entry.seq;
    }
    if (page.length < pageEntries) return { head: verifier.head, fault: verifier.end() };
    await endOfTurn(); // Others are answered in between.
  }
}
