import { useTranslation } from "react-i18next";
import type { ProjectView } from "../../api/views.ts";
import { useCommitAbout } from "./use-opened.ts";

/** The subject of a project's checked out commit. */
export function CommitSubject({ project }: { project: ProjectView }) {
  const { t } = useTranslation();
  const about = useCommitAbout(project);
  if (about === undefined) return null;
  return <bdi>{about.ok ? about.value?.subject : t("content.unreadable", { reason: about.error.message })}</bdi>;
}
