import type { ChainHead, ChainId } from "@quarterdeck/core/audit/chain";
import { ChainVerifier, type ChainFault } from "@quarterdeck/core/audit/verify-chain";
import type { Database } from "../db/database.ts";
import { readChain, readChainHead, sha256 } from "./chain-repo.ts";
import { listWitnessedHeads } from "./witness-repo.ts";

const pageEntries = 1000;

/** Verifies a chain in the database against all that is known of it here, and against what its bridges have signed. */
export async function verifyAudit(
  db: Database,
  chainId: ChainId,
): Promise<{ readonly head: ChainHead; readonly fault: ChainFault | null }> {
  const witnessed = chainId === "platform" ? [] : await listWitnessedHeads(db, chainId);
  const knownHeads = [await readChainHead(db, chainId), ...witnessed];
  const verifier = new ChainVerifier({ chainId, sha256, knownHeads });
  for (let after = 0; ; ) {
    const page = await readChain(db, chainId, { after, limit: pageEntries });
    for (const entry of page) {
      const fault = verifier.take(entry);
      if (fault !== null) return { head: verifier.head, fault };
      after = entry.seq;
    }
    if (page.length < pageEntries) return { head: verifier.head, fault: verifier.end() };
  }
}
