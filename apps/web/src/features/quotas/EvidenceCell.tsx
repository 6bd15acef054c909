import type { LimitedResource } from "@quarterdeck/core/quota/kernel-limits";
import { useTranslation } from "react-i18next";
import type { NodeEvidenceView } from "../../api/views.ts";
import { TimeAgo } from "../../app/TimeAgo.tsx";
import { standingOf } from "./limit-standing.ts";
import { StandingBadge } from "./StandingBadge.tsx";
import { useAmountText } from "./use-amount-text.ts";

export interface EvidenceCellProps {
  readonly resource: LimitedResource;
  readonly wanted: number | null;
  readonly evidence: NodeEvidenceView;
}

/** What the server's kernel says of a limit: whether it holds it, what it said instead, from where, and when. */
export function EvidenceCell({ resource, wanted, evidence }: EvidenceCellProps) {
  const { t } = useTranslation();
  const amountText = useAmountText();
  const item = evidence.items.find((one) => one.resource === resource);
  const standing = standingOf(resource, wanted, evidence);
  const saysOther = standing === "mismatch" || (standing === "notYet" && item?.state === "enforced");
  const said = item && {
    wanted: amountText(resource, item.wanted),
    actual: amountText(resource, item.actual),
  };
  return (
    <div className="flex min-w-0 flex-col items-start gap-0.5" data-standing={standing}>
      <StandingBadge standing={standing} />
      {said !== undefined && saysOther && (
        <span className={standing === "mismatch" ? "text-bad" : "text-muted"}>
          {standing === "mismatch" ? t("quotas.evidence.saysInstead", said) : t("quotas.evidence.before", said)}
        </span>
      )}
      {item !== undefined && standing !== "none" && (
        <span className="text-2xs text-muted">
          {item.source !== "" && (
            <>
              <bdi dir="ltr" className="wrap-anywhere">
                {item.source}
              </bdi>
              {" · "}
            </>
          )}
          <TimeAgo atMs={item.atMs} />
        </span>
      )}
    </div>
  );
}
