import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { errorText } from "../../api/error-text.ts";
import { trpc } from "../../api/trpc.ts";
import type { ServerView } from "../../api/views.ts";
import { Alert } from "../../ui/Alert.tsx";
import { Button } from "../../ui/Button.tsx";
import { Card, Section } from "../../ui/Card.tsx";
import { DrainServer } from "./DrainServer.tsx";
import { useMay } from "../access/use-may.ts";

const progressEveryMs = 2000;

/** Whether a server takes new runs, and the way to change that. */
export function AdmissionSection({ server }: { server: ServerView }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const mayManage = useMay("servers.manage");
  const { serverId, admission, openRuns } = server;
  // Whoever ends what runs there may be of another org, whose events do not come here.
  useQuery({
    ...trpc.servers.get.queryOptions({ serverId }),
    refetchInterval: admission === "draining" ? progressEveryMs : false,
  });
  const onSuccess = () => queryClient.invalidateQueries(trpc.servers.pathFilter());
  const cordon = useMutation(trpc.servers.cordon.mutationOptions({ onSuccess }));
  const uncordon = useMutation(trpc.servers.uncordon.mutationOptions({ onSuccess }));
  const error = cordon.error ?? uncordon.error;
  const text =
    admission === "draining" ? t("serverCare.text.draining", { count: openRuns }) : t(`serverCare.text.${admission}`);
  return (
    <Section title={t("serverCare.title")}>
      <Card className="flex flex-col gap-3 p-4">
        <p className="text-sm" role="status">
          <strong className="font-semibold">{t(`serverCare.admission.${admission}`)}</strong>
          <span className="text-muted"> · {text}</span>
        </p>
        {error !== null && <Alert tone="bad" title={errorText(t, error)} />}
        {mayManage ? (
          <div className="flex flex-wrap gap-2">
            {admission !== "open" && (
              <Button variant="primary" isBusy={uncordon.isPending} onClick={() => uncordon.mutate({ serverId })}>
                {t("serverCare.uncordon")}
              </Button>
            )}
            {admission === "open" && (
              <Button isBusy={cordon.isPending} onClick={() => cordon.mutate({ serverId })}>
                {t("serverCare.cordon")}
              </Button>
            )}
            {admission !== "drained" && <DrainServer server={server} />}
          </div>
        ) : (
          <p className="text-xs text-muted">{t("serverCare.onlyAdmins")}</p>
        )}
      </Card>
    </Section>
  );
}
