import { Download, FlaskConical } from "lucide-react";
import { useTranslation } from "react-i18next";
import { errorText } from "../../api/error-text.ts";
import type { ProjectView } from "../../api/views.ts";
import { Button } from "../../ui/Button.tsx";
import { useSubmitTask } from "../programs/use-submit-task.ts";

/** What can be done with a project whose code is on the server. */
export function ProjectActions({ project }: { project: ProjectView }) {
  const { t } = useTranslation();
  const tests = useSubmitTask();
  const pull = useSubmitTask();
  const { workspaceId, projectId, testCommand } = project;
  const isReady = project.state === "ready";
  const error = tests.error ?? pull.error;
  return (
    <div className="flex flex-col items-end gap-2">
      <div className="flex flex-wrap gap-2">
        <Button
          disabled={!isReady || tests.isPending}
          isBusy={pull.isPending}
          onClick={() => pull.mutate({ workspaceId, projectId, action: "git.pull", params: {} })}
        >
          {!pull.isPending && <Download aria-hidden />}
          {t("projects.pull")}
        </Button>
        <Button
          variant="primary"
          disabled={!isReady || pull.isPending}
          isBusy={tests.isPending}
          onClick={() =>
            tests.mutate({
              workspaceId,
              projectId,
              action: "exec",
              params: { program: testCommand.program, args: testCommand.args },
            })
          }
        >
          {!tests.isPending && <FlaskConical aria-hidden />}
          {t("projects.runTests")}
        </Button>
      </div>
      {error !== null && (
        <p role="alert" className="max-w-md text-end text-sm text-bad">
          {errorText(t, error)}
        </p>
      )}
    </div>
  );
}
