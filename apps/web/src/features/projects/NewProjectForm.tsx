import type { WorkspaceId } from "@quarterdeck/core/ids";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { trpc } from "../../api/trpc.ts";
import { useFormErrors } from "../../app/use-form-errors.ts";
import { Button } from "../../ui/Button.tsx";
import { TextField } from "../../ui/Field.tsx";
import { Form } from "../../ui/Form.tsx";
import { repositoryName } from "./repository-name.ts";

/** Creates a project from a git address. The name follows the address until it is written by hand. */
export function NewProjectForm({ workspaceId }: { workspaceId: WorkspaceId }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const navigate = useNavigate();
  const [url, setUrl] = useState("");
  const [branch, setBranch] = useState("");
  const [writtenName, setWrittenName] = useState<string | null>(null);
  const name = writtenName ?? repositoryName(url);
  const create = useMutation(
    trpc.projects.createFromGit.mutationOptions({
      async onSuccess({ project }) {
        queryClient.setQueryData(trpc.projects.get.queryKey({ projectId: project.projectId }), project);
        void queryClient.invalidateQueries(trpc.projects.list.pathFilter());
        await navigate({ to: "/projects/$projectId", params: { projectId: project.projectId } });
      },
    }),
  );
  const errors = useFormErrors(create.error, { INVALID_GIT_URL: "url", INVALID_NAME: "name", CONFLICT: "name" });
  return (
    <Form
      isBusy={create.isPending}
      onSubmit={() =>
        create.mutate({
          workspaceId,
          name,
          url: url.trim(),
          ...(branch.trim() === "" ? {} : { branch: branch.trim() }),
        })
      }
      problem={errors.general}
      footer={
        <Button type="submit" variant="primary" isBusy={create.isPending} className="self-end">
          {t("projects.create.submit")}
        </Button>
      }
    >
      <TextField
        label={t("projects.create.url")}
        hint={t("projects.create.urlHint")}
        required
        autoFocus
        dir="ltr"
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        placeholder="https://github.com/owner/name.git"
        value={url}
        onChange={(event) => setUrl(event.target.value)}
        error={errors.of("url")}
        className="font-mono text-xs leading-5"
      />
      <TextField
        label={t("projects.create.name")}
        required
        dir="auto"
        autoComplete="off"
        value={name}
        onChange={(event) => setWrittenName(event.target.value)}
        error={errors.of("name")}
      />
      <TextField
        label={t("projects.create.branch")}
        hint={t("projects.create.branchHint")}
        dir="ltr"
        autoComplete="off"
        autoCapitalize="none"
        spellCheck={false}
        value={branch}
        onChange={(event) => setBranch(event.target.value)}
        error={errors.of("branch")}
        className="font-mono text-xs leading-5"
      />
    </Form>
  );
}
