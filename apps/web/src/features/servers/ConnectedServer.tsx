import type { ServerId } from "@quarterdeck/core/ids";
import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { CircleCheck } from "lucide-react";
import { useTranslation } from "react-i18next";
import { trpc } from "../../api/trpc.ts";
import { Name } from "../../app/Name.tsx";
import { Button } from "../../ui/Button.tsx";
import { Skeleton } from "../../ui/Skeleton.tsx";
import { ServerStatus } from "./ServerStatus.tsx";

/** The server that has just arrived. */
export function ConnectedServer({ serverId, onDone }: { serverId: ServerId; onDone: () => void }) {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const { data: server } = useQuery({
    ...trpc.servers.get.queryOptions({ serverId }),
    refetchInterval: (query) => (query.state.data?.status === "online" ? false : 1000),
  });
  if (server === undefined) return <Skeleton className="h-32" />;
  return (
    <div className="flex flex-col items-center gap-3 py-4 text-center">
      <CircleCheck className="size-10 text-good" aria-hidden />
      <div role="status">
        <p className="text-base font-semibold">
          {t("servers.connect.connected")} <Name>{server.name}</Name>
        </p>
        <ServerStatus server={server} />
      </div>
      <div className="mt-2 flex flex-wrap justify-center gap-2">
        <Button onClick={onDone}>{t("common.done")}</Button>
        <Button
          variant="primary"
          onClick={() => {
            onDone();
            void navigate({ to: "/servers/$serverId", params: { serverId } });
          }}
        >
          {t("servers.connect.open")}
        </Button>
      </div>
    </div>
  );
}
