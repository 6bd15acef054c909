import { kernelLimitsSchema, type KernelLimits } from "@quarterdeck/core/quota/kernel-limits";
import { useTranslation } from "react-i18next";
import type { NodeEvidenceView, QuotaView } from "../../api/views.ts";
import { Badge } from "../../ui/Badge.tsx";
import { Cell, Table } from "../../ui/Table.tsx";
import { EvidenceCell } from "./EvidenceCell.tsx";
import { resourcesOf } from "./limit-fields.ts";
import { useAmountText, type AmountResource } from "./use-amount-text.ts";

const kernelNames = Object.keys(kernelLimitsSchema.shape) as (keyof KernelLimits)[];
const isHeld = (name: AmountResource): name is keyof KernelLimits =>
  (kernelNames as readonly AmountResource[]).includes(name);

/** Of an org's limits, those that do not hold over everything in it (PROTOCOL 8.5, 16.1): where each holds by itself. */
const orgLimitHolds: Readonly<Partial<Record<AmountResource, "onEachServer" | "inEachWorkspace">>> = {
  cpu: "onEachServer",
  memory: "onEachServer",
  runs: "onEachServer",
  disk: "inEachWorkspace",
  bandwidth: "inEachWorkspace",
  io: "inEachWorkspace",
};

export interface LimitsTableProps {
  readonly quota: QuotaView;
  readonly evidence: NodeEvidenceView;
}

/** Each limit of a node: what it is, what of it is given on and used, and whether its server holds it. */
export function LimitsTable({ quota, evidence }: LimitsTableProps) {
  const { t } = useTranslation();
  const isOnServer = evidence.wanted !== null;
  const hasChildren = quota.kind !== "project";
  const rows: AmountResource[] = [...resourcesOf(quota.kind), ...(isOnServer ? (["tasks"] as const) : [])];
  const columns = [
    { title: t("quotas.column.resource") },
    { title: t("quotas.column.limit") },
    ...(hasChildren ? [{ title: t("quotas.column.given"), isWideOnly: true }] : []),
    { title: t("quotas.column.used"), isWideOnly: quota.kind !== "org" },
    ...(isOnServer ? [{ title: t("quotas.column.server") }] : []),
  ];
  return (
    <Table isText label={t("quotas.limits")} columns={columns}>
      {rows.map((name) => (
        <tr key={name} data-resource={name} className="align-top">
          <Cell className="align-top font-medium whitespace-nowrap">{t(`quotas.resource.${name}`)}</Cell>
          <Cell className="align-top">
            <Limit name={name} quota={quota} evidence={evidence} />
          </Cell>
          {hasChildren && (
            <Cell isWideOnly className="align-top text-muted tabular-nums">
              <Given name={name} quota={quota} />
            </Cell>
          )}
          <Cell className="align-top tabular-nums" isWideOnly={quota.kind !== "org"}>
            <Used name={name} quota={quota} />
          </Cell>
          {isOnServer && (
            <Cell className="align-top">
              {isHeld(name) ? (
                <EvidenceCell resource={name} wanted={evidence.wanted?.[name] ?? null} evidence={evidence} />
              ) : (
                <span className="text-muted">{t("quotas.byPlatform")}</span>
              )}
            </Cell>
          )}
        </tr>
      ))}
    </Table>
  );
}

/** The limit that was given, and below it what holds where that is another. */
function Limit({ name, quota, evidence }: LimitsTableProps & { name: AmountResource }) {
  const { t } = useTranslation();
  const amountText = useAmountText();
  if (name === "tasks") {
    return (
      <>
        <span className="tabular-nums">{amountText(name, evidence.wanted?.tasks)}</span>
        {(quota.lifecycle ?? "active") === "active" && <Below>{t("quotas.always")}</Below>}
      </>
    );
  }
  const own = quota.limits[name];
  const where = orgLimitHolds[name];
  const inState =
    quota.lifecycle === undefined || quota.lifecycle === "active"
      ? undefined
      : quota.states.find(({ state }) => state === quota.lifecycle)?.limits[name];
  const fromAbove = isHeld(name) && own === undefined && inState === undefined ? evidence.wanted?.[name] : null;
  return (
    <>
      <span className={own === undefined ? "text-muted" : "tabular-nums"}>{amountText(name, own)}</span>
      {quota.kind === "org" && own !== undefined && where !== undefined && <Below>{t(`quotas.${where}`)}</Below>}
      {inState !== undefined && inState !== own && (
        <Below>
          {t("quotas.inState", {
            amount: amountText(name, inState),
            state: t(`quotas.lifecycle.${quota.lifecycle ?? "active"}`),
          })}
        </Below>
      )}
      {fromAbove !== null && fromAbove !== undefined && (
        <Below>{t("quotas.fromAbove", { amount: amountText(name, fromAbove) })}</Below>
      )}
    </>
  );
}

function Below({ children }: { children: string }) {
  return <span className="block text-2xs text-muted">{children}</span>;
}

function Given({ name, quota }: { name: AmountResource; quota: QuotaView }) {
  const amountText = useAmountText();
  if (name === "tasks") return null;
  const given = quota.given[name] ?? 0;
  return given === 0 ? <>–</> : <>{amountText(name, given)}</>;
}

/** What the platform counts, and what runs reserve; what else is used on a server is on the server's graphs. */
function Used({ name, quota }: { name: AmountResource; quota: QuotaView }) {
  const { t } = useTranslation();
  const amountText = useAmountText();
  if (name === "cpu" || name === "memory" || name === "runs") {
    const [reserved, excess] = [quota.inUse[name], quota.overdraft[name] ?? 0];
    return (
      <span className="inline-flex flex-wrap items-center gap-1.5">
        {reserved === 0 ? "–" : amountText(name, reserved)}
        {excess > 0 && <Badge tone="warn">{t("quotas.over", { amount: amountText(name, excess) })}</Badge>}
      </span>
    );
  }
  if (name !== "projects" && name !== "members" && name !== "servers") return <span className="text-muted">–</span>;
  const [count, excess] = [quota.counts[name], quota.overdraft[name] ?? 0];
  return (
    <span className="inline-flex flex-wrap items-center gap-1.5">
      {count === undefined ? "–" : amountText(name, count)}
      {excess > 0 && <Badge tone="warn">{t("quotas.tooMany", { count: excess })}</Badge>}
    </span>
  );
}
