import { amountWords } from "@quarterdeck/core/quota/amount-words";
import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { OrgId, ServerId, UserId } from "@quarterdeck/core/ids";
import { noLimit } from "@quarterdeck/core/quota/amounts";
import { quotaResources } from "@quarterdeck/core/quota/quota-resources";
import type { SQL } from "drizzle-orm";
import type { TenantScope } from "../auth/scope.ts";
import { previousChanged } from "../db/insert-when.ts";
import type { Runtime } from "../runtime.ts";
import { toPart } from "../db/ready-statement.ts";
import type { Statement } from "../writer.ts";
import { askPlanLedger, planLedger } from "./plan-ledger.ts";
import { readNodeName } from "./repo.ts";
import type { CountedResource, QuotaNodeId } from "./views.ts";

/** One of what is counted, at the node that it is directly in. */
export interface Place {
  /** Of the thing that takes it. */
  readonly id: string;
  readonly nodeId: QuotaNodeId;
  readonly resource: CountedResource;
}

/** @param member somebody who leaves and comes back takes another place, so it is told by when that was */
export function memberPlace(member: { orgId: OrgId; userId: UserId; createdAtMs: number }): Place {
  const { orgId, userId, createdAtMs } = member;
  return { id: `${orgId}/${userId}/${createdAtMs}`, nodeId: orgId, resource: "members" };
}

export function serverPlace({ orgId, serverId }: { orgId: OrgId; serverId: ServerId }): Place {
  return { id: serverId, nodeId: orgId, resource: "servers" };
}

/**
 * The statement that takes a place, if the node and each above it has one left. It changes a row exactly when it was taken,
 * so what needs the place follows it with `previousChanged`.
 */
export function takePlace({ id, nodeId, resource }: Place, condition: SQL): Statement {
  return planLedger.statements.reserve([{ id, nodeId, amounts: one(resource) }], toPart(condition));
}

/** Says that what took the place is there. It changes a row exactly when the place was taken in this unit. */
export function keepPlace({ id }: Place): Statement {
  return planLedger.statements.commit(id);
}

/** Gives a place back, once. */
export function leavePlace({ id }: Place, condition: SQL): Statement {
  return planLedger.statements.settle([{ id }], toPart(condition));
}

/** The statement that makes the node of what was made just before, without limits. It changes a row when it did. */
export function addQuotaNode({ id, parentId }: { id: QuotaNodeId; parentId: QuotaNodeId | null }): Statement {
  const limit = new Float64Array(quotaResources.names.length).fill(noLimit);
  return planLedger.statements.addNode({ id, parentId, limit }, toPart(previousChanged));
}

/** Why there is no place: which node has how many, and what to do. Null: there is one. */
export async function whyNoPlace(
  runtime: Pick<Runtime, "db" | "writer">,
  scope: TenantScope,
  { nodeId, resource }: Omit<Place, "id">,
): Promise<QuarterdeckError | null> {
  const shortage = await askPlanLedger(runtime, planLedger.findShortage(nodeId, one(resource)));
  if (shortage === null) return null;
  const { id, limit, held } = shortage.node;
  const name = await readNodeName(runtime.db, scope, id as QuotaNodeId);
  const [most, has] = [limit[shortage.resource], held[shortage.resource]];
  return new QuarterdeckError(
    "QUOTA_EXCEEDED",
    `${name} may have ${amountWords(resource, most ?? 0)} and has ${has}. Remove one, or raise the limit of ${resource} of ${name}.`,
  );
}

function one(resource: CountedResource): Float64Array {
  return Float64Array.from(quotaResources.names, (name) => (name === resource ? 1 : 0));
}
