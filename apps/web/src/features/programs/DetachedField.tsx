import type { ServerId } from "@quarterdeck/core/ids";
import { hasFeature } from "@quarterdeck/core/protocol/features";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { trpc } from "../../api/trpc.ts";

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
    <label className="flex items-start gap-2 text-sm">
      <input
        type="checkbox"
        checked={value}
        onChange={(event) => onChange(event.target.checked)}
        className="mt-0.5 accent-accent"
      />
      <span>
        {t("runs.form.detached")}
        <span className="block text-xs text-muted">{t("runs.form.detachedHint")}</span>
      </span>
    </label>
  );
}
