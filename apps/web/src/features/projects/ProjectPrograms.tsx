import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { trpc } from "../../api/trpc.ts";
import type { ProjectView } from "../../api/views.ts";
import { useFormErrors } from "../../app/use-form-errors.ts";
import { TextField } from "../../ui/Field.tsx";
import { Form } from "../../ui/Form.tsx";
import { SaveFooter } from "../../ui/SaveFooter.tsx";
import { EditDialog } from "../../ui/EditDialog.tsx";
import { Checkbox } from "../../ui/Checkbox.tsx";
import { placeOf, useMay } from "../access/use-may.ts";

/** Which programs the project has beyond those of every project, whether install scripts run, and the way to change it. */
export function ProjectPrograms({ project }: { project: ProjectView }) {
  const { t } = useTranslation();
  const mayChange = useMay("projects.configure", placeOf(project));
  const { added, installScripts } = project.programs;
  return (
    <div className="flex flex-wrap items-center gap-2 text-sm">
      <span className="text-muted">{t("projects.programs.label")}</span>
      {added.length === 0 ? (
        <span>{t("projects.programs.usual")}</span>
      ) : (
        added.map((program) => (
          <code key={program} dir="ltr" className="rounded bg-sunken px-1.5 py-0.5 font-mono text-xs">
            {program}
          </code>
        ))
      )}
      <span className="text-muted">
        {installScripts ? t("projects.programs.scriptsOn") : t("projects.programs.scriptsOff")}
      </span>
      {mayChange && (
        <EditDialog isInLine title={t("projects.programs.edit")} description={t("projects.programs.description")}>
          {(close) => <ProgramsForm project={project} onDone={close} />}
        </EditDialog>
      )}
    </div>
  );
}

function ProgramsForm({ project, onDone }: { project: ProjectView; onDone: () => void }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const [names, setNames] = useState(project.programs.added.join(" "));
  const [installScripts, setInstallScripts] = useState(project.programs.installScripts);
  const added = names.split(/[\s,]+/).filter((name) => name !== "");
  const save = useMutation(
    trpc.projects.setPrograms.mutationOptions({
      onSuccess(changed) {
        queryClient.setQueryData(trpc.projects.get.queryKey({ projectId: project.projectId }), changed);
        onDone();
      },
    }),
  );
  const errors = useFormErrors(save.error);
  const nameError = [errors.of("added"), ...added.map((_, index) => errors.of(`added.${index}`))].find(Boolean);
  return (
    <Form
      isBusy={save.isPending}
      onSubmit={() => save.mutate({ projectId: project.projectId, added, installScripts })}
      problem={errors.general}
      footer={<SaveFooter onCancel={onDone} isBusy={save.isPending} />}
    >
      <TextField
        label={t("projects.programs.names")}
        hint={t("projects.programs.namesHint")}
        error={nameError}
        dir="ltr"
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        value={names}
        onChange={(event) => setNames(event.target.value)}
        placeholder="deno ruff"
        className="font-mono"
      />
      <Checkbox
        label={t("projects.programs.installScripts")}
        hint={t("projects.programs.installScriptsHint")}
        value={installScripts}
        onChange={setInstallScripts}
      />
    </Form>
  );
}
