import type { ServerId } from "@quarterdeck/core/ids";
import { hasFeature } from "@quarterdeck/core/protocol/features";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { trpc } from "../../api/trpc.ts";
import { Checkbox } from "../../ui/Checkbox.tsx";

export interface DetachedFieldProps {
  readonly serverId: ServerId;
  readonly value: boolean;
  readonly onChange: (isDetached: boolean) => void;
}

/** Whether the run may go on while its server is out of reach. Not there where the server's bridge could not stop it. */
export function DetachedField({ serverId, value, onChange }: DetachedFieldProps) {
  const { t } = useTranslation();
  const server = useQuery(trpc.servers.get.queryOptions({ serverId }));
  if (!hasFeature(server.data?.capabilities ?? null, "leases")) return null;
  return (
    <Checkbox label={t("runs.form.detached")} hint={t("runs.form.detachedHint")} value={value} onChange={onChange} />
  );
}
