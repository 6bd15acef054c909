import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { trpc } from "../../api/trpc.ts";
import type { ProjectView } from "../../api/views.ts";
import { useFormErrors } from "../../app/use-form-errors.ts";
import { Form } from "../../ui/Form.tsx";
import { SaveFooter } from "../../ui/SaveFooter.tsx";
import { EditDialog } from "../../ui/EditDialog.tsx";
import { ArgumentChips } from "../programs/ArgumentChips.tsx";
import { formatArguments, parseArguments } from "../programs/argument-parser.ts";
import { CommandFields, type CommandText } from "../programs/CommandFields.tsx";
import { placeOf, useMay } from "../access/use-may.ts";

/** What "Run tests" runs, and the way to change it. */
export function TestCommand({ project }: { project: ProjectView }) {
  const { t } = useTranslation();
  const mayChange = useMay("projects.manage", placeOf(project));
  return (
    <div className="flex flex-wrap items-center gap-2 text-sm">
      <span className="text-muted">{t("projects.test.command")}</span>
      <ArgumentChips program={project.testCommand.program} args={project.testCommand.args} />
      {mayChange && (
        <EditDialog isInLine title={t("projects.test.edit")} description={t("projects.test.description")} isWide>
          {(close) => <TestCommandForm project={project} onDone={close} />}
        </EditDialog>
      )}
    </div>
  );
}

function TestCommandForm({ project, onDone }: { project: ProjectView; onDone: () => void }) {
  const queryClient = useQueryClient();
  const server = useQuery(trpc.servers.get.queryOptions({ serverId: project.serverId }));
  const [command, setCommand] = useState<CommandText>({
    program: project.testCommand.program,
    line: formatArguments(project.testCommand.args),
  });
  const parsed = parseArguments(command.line);
  const save = useMutation(
    trpc.projects.setTestCommand.mutationOptions({
      onSuccess(changed) {
        queryClient.setQueryData(trpc.projects.get.queryKey({ projectId: project.projectId }), changed);
        onDone();
      },
    }),
  );
  const errors = useFormErrors(save.error, { PROGRAM_NOT_ALLOWED: "program", ARGUMENT_NOT_ALLOWED: "args" });
  return (
    <Form
      isBusy={save.isPending}
      onSubmit={() => {
        if (!parsed.ok) return;
        save.mutate({ projectId: project.projectId, program: command.program, args: [...parsed.args] });
      }}
      problem={errors.general}
      footer={<SaveFooter onCancel={onDone} isBusy={save.isPending} disabled={!parsed.ok || command.program === ""} />}
    >
      <CommandFields
        value={command}
        onChange={setCommand}
        programs={[...(server.data?.capabilities?.programs ?? []), ...project.programs.added]}
        programError={errors.of("program")}
        argumentsError={errors.of("args")}
      />
    </Form>
  );
}
