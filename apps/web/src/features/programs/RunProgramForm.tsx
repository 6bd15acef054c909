import type { ServerId, TaskId, WorkspaceId } from "@quarterdeck/core/ids";
import { useQuery } from "@tanstack/react-query";
import { Play } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { trpc } from "../../api/trpc.ts";
import { useFormErrors } from "../../app/use-form-errors.ts";
import { Button } from "../../ui/Button.tsx";
import { Card } from "../../ui/Card.tsx";
import { Form } from "../../ui/Form.tsx";
import { parseArguments } from "./argument-parser.ts";
import { CommandFields, type CommandText } from "./CommandFields.tsx";
import { DemandFields } from "./DemandFields.tsx";
import { noDemandTexts, readDemand, type DemandTexts } from "./demand-texts.ts";
import { DetachedField } from "./DetachedField.tsx";
import { RunAfterField } from "./RunAfterField.tsx";
import { useSubmitTask } from "./use-submit-task.ts";

export function RunProgramForm({ workspaceId, serverId }: { workspaceId: WorkspaceId; serverId: ServerId }) {
  const { t } = useTranslation();
  const server = useQuery(trpc.servers.get.queryOptions({ serverId }));
  const [command, setCommand] = useState<CommandText>({ program: "", line: "" });
  const [isDetached, setDetached] = useState(true);
  const [after, setAfter] = useState<TaskId | null>(null);
  const [demandTexts, setDemandTexts] = useState<DemandTexts>(noDemandTexts);
  const demand = readDemand(demandTexts);
  const submit = useSubmitTask();
  const errors = useFormErrors(submit.error, {
    PROGRAM_NOT_ALLOWED: "params.program",
    ARGUMENT_NOT_ALLOWED: "params.args",
    DEPENDENCY_FAILED: "after",
  });
  const parsed = parseArguments(command.line);
  return (
    <Card className="p-4">
      <Form
        isBusy={submit.isPending}
        onSubmit={() => {
          if (!parsed.ok || !demand.ok) return;
          submit.mutate({
            workspaceId,
            projectId: null,
            action: "exec",
            params: { program: command.program, args: [...parsed.args] },
            ...(after !== null && { after: [after] }),
            ...(demand.value !== null && { demand: demand.value }),
            ...(!isDetached && { isDetached }),
          });
        }}
        problem={errors.general}
        footer={
          <div className="flex flex-wrap items-center justify-between gap-3">
            <p className="text-xs text-muted">{t("runs.form.noShell")}</p>
            <Button
              type="submit"
              variant="primary"
              isBusy={submit.isPending}
              disabled={!parsed.ok || !demand.ok || command.program === ""}
            >
              {!submit.isPending && <Play aria-hidden />}
              {t("runs.form.run")}
            </Button>
          </div>
        }
      >
        <CommandFields
          value={command}
          onChange={setCommand}
          programs={server.data?.capabilities?.programs ?? []}
          programError={errors.of("params.program")}
          argumentsError={errors.of("params.args")}
        />
        <RunAfterField workspaceId={workspaceId} value={after} onChange={setAfter} error={errors.of("after")} />
        <DemandFields
          value={demandTexts}
          onChange={setDemandTexts}
          errors={demand.ok ? { cpu: errors.of("demand.cpu"), memory: errors.of("demand.memory") } : demand.errors}
        />
        <DetachedField serverId={serverId} value={isDetached} onChange={setDetached} />
      </Form>
    </Card>
  );
}
