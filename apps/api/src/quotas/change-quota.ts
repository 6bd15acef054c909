import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import { findOverallocation } from "@quarterdeck/core/quota/allocation";
import { amountWords } from "@quarterdeck/core/quota/amount-words";
import { isSameVector } from "@quarterdeck/core/quota/amounts";
import { quotaResourceNames, type QuotaResource } from "@quarterdeck/core/quota/quota-resources";
import { recordAudit } from "../audit/repo.ts";
import type { OrgScope } from "../auth/scope.ts";
import { previousChanged } from "../db/insert-when.ts";
import { toPart } from "../db/ready-statement.ts";
import { recordChange } from "../events/repo.ts";
import { signLimitCommands, type LimitCommand } from "../limits/limit-commands.ts";
import { enqueue } from "../outbox/repo.ts";
import type { Runtime } from "../runtime.ts";
import type { Statement, Unit } from "../writer.ts";
import { changedGroups } from "./changed-groups.ts";
import { planLedger } from "./plan-ledger.ts";
import { kindOf, quotaOf, requireNode } from "./quota-view.ts";
import {
  enqueueLimits,
  insertHistory,
  readNewestChange,
  readQuotaTree,
  serversOf,
  writeLifecycle,
  writeOvercommit,
  writeWeight,
  type QuotaNode,
} from "./repo.ts";
import type { QuotaNodeId } from "./views.ts";

/** How often a change is decided anew because somebody else changed something meanwhile. */
const attempts = 5;

/** Decides on what it read, and writes only if nobody changed anything since; then it decides again. */
export async function changeQuota(
  runtime: Runtime,
  scope: OrgScope,
  { nodeId, decide }: { nodeId: QuotaNodeId; decide: (node: QuotaNode) => QuotaNode | Promise<QuotaNode> },
): Promise<void> {
  for (let attempt = 1; attempt <= attempts; attempt++) {
    const newestChange = await readNewestChange(runtime.db, scope);
    const tree = await readQuotaTree(runtime.db, scope);
    const before = requireNode(tree, nodeId);
    const after = await decide(before);
    if (actionsOf(before, after).length === 0) return;
    const changed = tree.map((node) => (node === before ? after : node));
    checkAllocation(changed, nodeId);
    const commands = await signLimitCommands(
      runtime,
      scope,
      changedGroups(tree, changed, runtime.env.quotas.lifecycle),
    );
    const [recorded] = await runtime.writer.commit(unitOf(runtime, scope, { before, after, newestChange, commands }));
    if (recorded?.rowsChanged !== 1) continue;
    if (isHeldOtherwise(before, after)) runtime.nudgeOutbox();
    return;
  }
  throw new QuarterdeckError("CONFLICT", "Somebody else changes the quotas of this org just now. Try again.");
}

interface QuotaChange {
  readonly before: QuotaNode;
  readonly after: QuotaNode;
  readonly newestChange: number;
  readonly commands: readonly LimitCommand[];
}

/** What is done, as the audit calls it. */
function actionsOf(before: QuotaNode, after: QuotaNode): string[] {
  return [
    ...(isSameVector(before.limit, after.limit) ? [] : ["quota.set"]),
    ...(before.isOvercommitted === after.isOvercommitted ? [] : ["quota.setOvercommit"]),
    ...(before.weight === after.weight ? [] : ["quota.setWeight"]),
    ...(before.lifecycle === after.lifecycle ? [] : ["project.setLifecycle"]),
  ];
}

/** Whether servers are to hold something else than before. What is given to whom is the platform's to know. */
function isHeldOtherwise(before: QuotaNode, after: QuotaNode): boolean {
  return (
    !isSameVector(before.limit, after.limit) || before.weight !== after.weight || before.lifecycle !== after.lifecycle
  );
}

function unitOf(runtime: Runtime, scope: OrgScope, { before, after, newestChange, commands }: QuotaChange): Unit {
  const { orgId, userId, address } = scope;
  const nowMs = runtime.clock.nowMs();
  const { id: nodeId } = after;
  const [was, is] = [quotaOf(before), quotaOf(after)];
  const subject = { orgId, actor: userId, address, subject: nodeId, outcome: "done" } as const;
  return [
    insertHistory(scope, { nodeId, actor: userId, atMs: nowMs, before: was, after: is }, { newestChange }),
    ...writesOf(scope, before, after),
    ...actionsOf(before, after).map((action) =>
      recordAudit(runtime, { ...subject, action, detail: JSON.stringify(is) }, previousChanged),
    ),
    recordChange(scope, { kind: kindOf(nodeId), id: nodeId, atMs: nowMs }, previousChanged),
    ...commands.flatMap(({ serverId, command }) =>
      enqueue({ serverId, entry: { kind: "command", ...command }, nowMs }, previousChanged),
    ),
    ...(isHeldOtherwise(before, after)
      ? enqueueLimits(
          scope,
          { which: serversOf(nodeId), nowMs, factors: runtime.env.quotas.lifecycle },
          previousChanged,
        )
      : []),
  ];
}

/** Each changes a row when the one before it did. */
function writesOf(scope: OrgScope, before: QuotaNode, after: QuotaNode): Statement[] {
  const { id: nodeId, limit, isOvercommitted, weight } = after;
  const writes: Statement[] = [];
  if (!isSameVector(before.limit, limit))
    writes.push(planLedger.statements.setLimit(nodeId, limit, toPart(previousChanged)));
  if (before.isOvercommitted !== isOvercommitted)
    writes.push(writeOvercommit(scope, { nodeId, isOvercommitted }, previousChanged));
  if (before.weight !== weight) writes.push(writeWeight(scope, { nodeId, weight }, previousChanged));
  if (before.lifecycle !== null && after.lifecycle !== null && before.lifecycle !== after.lifecycle) {
    const states = { nodeId, before: before.lifecycle, after: after.lifecycle };
    writes.push(writeLifecycle(scope, states, previousChanged));
  }
  return writes;
}

function checkAllocation(tree: readonly QuotaNode[], nodeId: QuotaNodeId): void {
  const found = findOverallocation(tree, nodeId);
  if (!found) return;
  const name = tree.find(({ id }) => id === found.nodeId)?.name ?? found.nodeId;
  const words = (amount: number) => amountWords(quotaResourceNames[found.resource] as QuotaResource, amount);
  throw new QuarterdeckError(
    "QUOTA_EXCEEDED",
    `What is in ${name} would be given ${words(found.given)} in all, and ${name} has ${words(found.limit)}. Give less, raise the limit of ${name}, or allow it to be overcommitted.`,
  );
}
