import { Snowflake } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { WorkspaceView } from "../../api/views.ts";
import { Badge } from "../../ui/Badge.tsx";

const tones = { freezing: "neutral", frozen: "accent", thawing: "neutral" } as const;

/** Says when a workspace's processes stand still. */
export function MotionBadge({ motion }: Pick<WorkspaceView, "motion">) {
  const { t } = useTranslation();
  if (motion === "running") return null;
  return (
    <Badge tone={tones[motion]}>
      <Snowflake aria-hidden />
      {t(`workspaces.motion.${motion}`)}
    </Badge>
  );
}
