import { Check, CircleHelp, Clock, Gauge, OctagonAlert, TriangleAlert, type LucideIcon } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Badge, type Tone } from "../../ui/Badge.tsx";
import type { LimitStanding } from "./limit-standing.ts";

const looks: Record<Exclude<LimitStanding, "none">, { readonly tone: Tone; readonly Icon: LucideIcon }> = {
  enforced: { tone: "good", Icon: Check },
  mismatch: { tone: "bad", Icon: OctagonAlert },
  measured: { tone: "warn", Icon: Gauge },
  unsupported: { tone: "warn", Icon: TriangleAlert },
  notYet: { tone: "neutral", Icon: Clock },
  notTold: { tone: "neutral", Icon: CircleHelp },
};

/** How a limit stands on its server, in a word. Only what the kernel was read to hold is green. */
export function StandingBadge({ standing }: { standing: LimitStanding }) {
  const { t } = useTranslation();
  if (standing === "none") return <span className="text-muted">{t("quotas.standing.none")}</span>;
  const { tone, Icon } = looks[standing];
  return (
    <Badge tone={tone}>
      <Icon aria-hidden />
      {t(`quotas.standing.${standing}`)}
    </Badge>
  );
}
