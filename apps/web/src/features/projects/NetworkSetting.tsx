import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { trpc } from "../../api/trpc.ts";
import type { ProjectView } from "../../api/views.ts";
import { useFormErrors } from "../../app/use-form-errors.ts";
import { Field, inputClasses } from "../../ui/Field.tsx";
import { Form } from "../../ui/Form.tsx";
import { Select } from "../../ui/Select.tsx";
import { SaveFooter } from "../../ui/SaveFooter.tsx";
import { EditDialog } from "../../ui/EditDialog.tsx";
import { placeOf, useMay } from "../access/use-may.ts";

const modes = ["all", "allowList", "none"] as const;

/** What a project's runs may reach, and for who may decide it the way to change it. */
export function NetworkSetting({ project }: { project: ProjectView }) {
  const { t } = useTranslation();
  const mayChange = useMay("projects.setNetwork", placeOf(project));
  const { mode, hosts } = project.network;
  return (
    <div className="flex flex-wrap items-center gap-2 text-sm">
      <span className="text-muted">{t("projects.network.label")}</span>
      <span>
        {mode === "allowList"
          ? t("projects.network.hostsText", { count: hosts.length })
          : t(`projects.network.mode.${mode}`)}
      </span>
      {mayChange && (
        <EditDialog isInLine title={t("projects.network.edit")} description={t("projects.network.description")}>
          {(close) => <NetworkForm project={project} onDone={close} />}
        </EditDialog>
      )}
    </div>
  );
}

function NetworkForm({ project, onDone }: { project: ProjectView; onDone: () => void }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const { projectId, network } = project;
  const [mode, setMode] = useState<(typeof modes)[number]>(network.mode);
  const [text, setText] = useState(network.hosts.join("\n"));
  const save = useMutation(
    trpc.projects.setNetwork.mutationOptions({
      onSuccess(changed) {
        queryClient.setQueryData(trpc.projects.get.queryKey({ projectId }), changed);
        onDone();
      },
    }),
  );
  const hosts = [...new Set(text.split(/[\s,]+/).filter((host) => host !== ""))];
  const errors = useFormErrors(save.error, { BAD_REQUEST: "hosts" });
  const wrongHost = hosts.findIndex((_, index) => errors.of(`network.hosts.${index}`) !== undefined);
  const hostError =
    wrongHost < 0
      ? (errors.of("hosts") ?? errors.of("network.hosts"))
      : `${hosts[wrongHost] ?? ""} ${errors.of(`network.hosts.${wrongHost}`) ?? ""}`;
  return (
    <Form
      isBusy={save.isPending}
      onSubmit={() => save.mutate({ projectId, network: { mode, hosts } })}
      problem={errors.general}
      footer={<SaveFooter onCancel={onDone} isBusy={save.isPending} />}
    >
      <Field label={t("projects.network.reach")} hint={t(`projects.network.modeHint.${mode}`)}>
        {(control) => (
          <Select
            {...control}
            value={mode}
            onChange={({ target }) => setMode(modes.find((candidate) => candidate === target.value) ?? mode)}
          >
            {modes.map((candidate) => (
              <option key={candidate} value={candidate}>
                {t(`projects.network.mode.${candidate}`)}
              </option>
            ))}
          </Select>
        )}
      </Field>
      {mode === "allowList" && (
        <Field label={t("projects.network.hosts")} hint={t("projects.network.hostsHint")} error={hostError}>
          {(control) => (
            <textarea
              {...control}
              rows={4}
              dir="ltr"
              spellCheck={false}
              className={inputClasses}
              value={text}
              onChange={(event) => setText(event.target.value)}
            />
          )}
        </Field>
      )}
    </Form>
  );
}
