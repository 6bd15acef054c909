import type { Id } from "@quarterdeck/core/ids";
import type { Runtime } from "../../runtime.ts";
import type { LinkKind } from "./link-kinds.ts";
import { placeOf, urlOf } from "./make-link.ts";
import { listUnsent } from "./repo.ts";

/** A link that no mail server took, for the operator to hand over. Who has it acts as the one it is for. */
export interface PendingLink {
  readonly linkId: Id<"link">;
  readonly kind: LinkKind;
  readonly email: string;
  readonly url: string;
  readonly createdAtMs: number;
  readonly expiresAtMs: number;
}

export async function listPendingLinks(runtime: Runtime): Promise<PendingLink[]> {
  const rows = await listUnsent(runtime.db, runtime.clock.nowMs());
  return rows.map(({ linkId, kind, email, sealedToken, createdAtMs, expiresAtMs }) => {
    const token = runtime.secrets.open(sealedToken ?? "", placeOf(linkId));
    return { linkId, kind, email, url: urlOf(runtime, kind, token), createdAtMs, expiresAtMs };
  });
}
