import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { trpc } from "../../api/trpc.ts";
import type { LimitFinding, ServerView } from "../../api/views.ts";
import { Name } from "../../app/Name.tsx";
import { TextLink } from "../../app/TextLink.tsx";
import { useFormat } from "../../i18n/use-format.ts";
import { Alert } from "../../ui/Alert.tsx";
import { useAmountText } from "../quotas/use-amount-text.ts";
import { AcknowledgeLimits } from "./AcknowledgeLimits.tsx";
import { May } from "../access/May.tsx";

/** That the server's kernel does not hold limits that it was asked to, until it does or somebody has seen it. */
export function LimitNotice({ server }: { server: Pick<ServerView, "serverId" | "limitAlert"> }) {
  const { t } = useTranslation();
  const format = useFormat();
  const { serverId, limitAlert } = server;
  const findings = useQuery({
    ...trpc.servers.limitFindings.queryOptions({ serverId }),
    enabled: limitAlert !== null,
  });
  if (limitAlert === null) return null;
  return (
    <Alert
      tone="bad"
      title={t("servers.limits.alertTitle")}
      action={
        <May permission="servers.manage">
          <AcknowledgeLimits serverId={serverId} finding={limitAlert} />
        </May>
      }
    >
      <p>{t("servers.limits.alertText", { time: format.dateTime(limitAlert.atMs) })}</p>
      <ul className="mt-1 list-disc ps-5">
        {findings.data?.map((finding) => (
          <li key={`${finding.nodeId} ${finding.resource}`}>
            <Finding finding={finding} />
          </li>
        ))}
      </ul>
    </Alert>
  );
}

function Finding({ finding: { nodeId, name, resource, wanted, actual } }: { finding: LimitFinding }) {
  const { t } = useTranslation();
  const amountText = useAmountText();
  const words = t("servers.limits.finding", {
    resource: t(`quotas.resource.${resource}`),
    wanted: amountText(resource, wanted),
    actual: amountText(resource, actual),
  });
  if (name === null || nodeId.startsWith("run_")) return <>{`${t("servers.limits.aRun")}: ${words}`}</>;
  return (
    <>
      <TextLink
        to="/quotas/$nodeId"
        params={{ nodeId: nodeId as Exclude<typeof nodeId, `run_${string}`> }}
        className="underline"
      >
        <Name>{name}</Name>
      </TextLink>
      {`: ${words}`}
    </>
  );
}
