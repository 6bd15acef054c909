import { useMutation, useQueryClient } from "@tanstack/react-query";
import { Pencil } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { trpc } from "../../api/trpc.ts";
import type { ProjectView } from "../../api/views.ts";
import { useFormErrors } from "../../app/use-form-errors.ts";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { TextField } from "../../ui/Field.tsx";
import { Form } from "../../ui/Form.tsx";
import { IconButton } from "../../ui/IconButton.tsx";
import { placeOf, useMay } from "../access/use-may.ts";

/** Which programs the project has beyond those of every project, whether install scripts run, and the way to change it. */
export function ProjectPrograms({ project }: { project: ProjectView }) {
  const { t } = useTranslation();
  const [isOpen, setIsOpen] = useState(false);
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
        <IconButton label={t("projects.programs.edit")} onClick={() => setIsOpen(true)} className="size-7">
          <Pencil aria-hidden />
        </IconButton>
      )}
      <Dialog
        isOpen={isOpen}
        onOpenChange={setIsOpen}
        title={t("projects.programs.edit")}
        description={t("projects.programs.description")}
      >
        <ProgramsForm project={project} onDone={() => setIsOpen(false)} />
      </Dialog>
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
      footer={
        <div className="flex justify-end gap-2">
          <Button onClick={onDone}>{t("common.cancel")}</Button>
          <Button type="submit" variant="primary" isBusy={save.isPending}>
            {t("common.save")}
          </Button>
        </div>
      }
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
      <label className="flex items-start gap-2 text-sm">
        <input
          type="checkbox"
          checked={installScripts}
          onChange={(event) => setInstallScripts(event.target.checked)}
          className="mt-0.5 accent-accent"
        />
        <span>
          {t("projects.programs.installScripts")}
          <span className="block text-xs text-muted">{t("projects.programs.installScriptsHint")}</span>
        </span>
      </label>
    </Form>
  );
}
