import { CircleX, LoaderCircle } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { ProjectView } from "../../api/views.ts";
import { Badge } from "../../ui/Badge.tsx";

/** Whether the project's code is on the server yet. Nothing to say when it is. */
export function ProjectState({ state }: { state: ProjectView["state"] }) {
  const { t } = useTranslation();
  if (state === "ready") return null;
  const isCloning = state === "cloning";
  return (
    <Badge tone={isCloning ? "accent" : "bad"}>
      {isCloning ? <LoaderCircle className="animate-spin" aria-hidden /> : <CircleX aria-hidden />}
      {t(`projects.state.${state}`)}
    </Badge>
  );
}
