import type { Verdict as VerdictName } from "@quarterdeck/core/protocol/result";
import {
  Ban,
  CircleCheck,
  CircleHelp,
  CircleX,
  ClockAlert,
  Hourglass,
  LoaderCircle,
  OctagonX,
  PowerOff,
  type LucideIcon,
} from "lucide-react";
import { useTranslation } from "react-i18next";
import type { TaskView } from "../../api/views.ts";
import { Badge, type Tone } from "../../ui/Badge.tsx";

const looks: Record<VerdictName, { readonly Icon: LucideIcon; readonly tone: Tone }> = {
  succeeded: { Icon: CircleCheck, tone: "good" },
  failed: { Icon: CircleX, tone: "bad" },
  cancelled: { Icon: Ban, tone: "neutral" },
  timedOut: { Icon: ClockAlert, tone: "bad" },
  refused: { Icon: OctagonX, tone: "bad" },
  expired: { Icon: Hourglass, tone: "warn" },
  interrupted: { Icon: PowerOff, tone: "warn" },
  indeterminate: { Icon: CircleHelp, tone: "warn" },
};

/** How a task stands, or how its run ended: an icon, a word and a colour. */
export function Verdict({ task }: { task: Pick<TaskView, "verdict" | "state" | "isCancelling"> }) {
  const { t } = useTranslation();
  if (task.verdict !== null) {
    const { Icon, tone } = looks[task.verdict];
    return (
      <Badge tone={tone}>
        <Icon aria-hidden />
        {t(`runs.verdict.${task.verdict}`)}
      </Badge>
    );
  }
  const isRunning = task.state === "running";
  return (
    <Badge tone={isRunning ? "accent" : "neutral"}>
      {isRunning ? <LoaderCircle className="animate-spin" aria-hidden /> : <Hourglass aria-hidden />}
      {task.isCancelling ? t("runs.state.cancelling") : t(`runs.state.${task.state}`)}
    </Badge>
  );
}
