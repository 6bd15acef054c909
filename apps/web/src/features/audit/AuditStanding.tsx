import { useMutation, useQueryClient } from "@tanstack/react-query";
import { ShieldCheck } from "lucide-react";
import { useTranslation } from "react-i18next";
import { errorText } from "../../api/error-text.ts";
import { trpc } from "../../api/trpc.ts";
import type { AuditStandingView } from "../../api/views.ts";
import { TimeAgo } from "../../app/TimeAgo.tsx";
import { Alert } from "../../ui/Alert.tsx";
import { Badge } from "../../ui/Badge.tsx";
import { Button } from "../../ui/Button.tsx";
import { Card } from "../../ui/Card.tsx";

const command = "bin/quarterdeck audit verify FILE";

/** Whether the audit is whole, as it was found last, and the button that looks again. */
export function AuditStanding({ standing: { head, verified } }: { standing: AuditStandingView }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const verify = useMutation(
    trpc.audit.verify.mutationOptions({
      onSuccess: () => queryClient.invalidateQueries(trpc.audit.pathFilter()),
    }),
  );
  const fault = verified?.fault ?? null;
  return (
    <Card className="flex flex-col gap-3 p-4 text-sm">
      <div className="flex flex-wrap items-center justify-between gap-3">
        <div className="flex min-w-0 flex-wrap items-center gap-x-3 gap-y-1">
          {verified === null ? (
            <span>{t("audit.standing.never")}</span>
          ) : (
            <>
              <Badge tone={fault === null ? "good" : "bad"}>
                {fault === null
                  ? t("audit.standing.whole", { seq: verified.seq })
                  : t("audit.standing.faulty", { seq: fault.seq })}
              </Badge>
              <span className="text-muted">
                <TimeAgo atMs={verified.atMs} />
              </span>
            </>
          )}
          <span className="text-muted">{t("audit.standing.newest", { seq: head.seq })}</span>
        </div>
        <Button isBusy={verify.isPending} onClick={() => verify.mutate()}>
          {!verify.isPending && <ShieldCheck aria-hidden />}
          {t("audit.standing.verify")}
        </Button>
      </div>
      {fault !== null && <Alert tone="bad">{t(`audit.standing.fault.${fault.kind}`)}</Alert>}
      {verify.error !== null && <Alert tone="bad">{errorText(t, verify.error)}</Alert>}
      <p className="text-xs break-words text-muted">{t("audit.standing.offline", { command })}</p>
    </Card>
  );
}
