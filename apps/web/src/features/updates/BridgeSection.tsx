import type { ServerId } from "@quarterdeck/core/ids";
import { useTranslation } from "react-i18next";
import type { BridgeVersionView, UpdatesView } from "../../api/views.ts";
import { Loaded } from "../../app/Loaded.tsx";
import { Card, Section } from "../../ui/Card.tsx";
import { CodeBlock } from "../../ui/CodeBlock.tsx";
import { CopyButton } from "../../ui/CopyButton.tsx";
import { Skeleton } from "../../ui/Skeleton.tsx";
import { Brings } from "./Brings.tsx";
import { UpdateOutcome } from "./UpdateOutcome.tsx";
import { UpdateServer } from "./UpdateServer.tsx";
import { isUnderWay, useUpdates } from "./use-updates.ts";

/** The bridge of a server: its version, what it lacks, and its update. */
export function BridgeSection({ serverId, isOnline }: { serverId: ServerId; isOnline: boolean }) {
  const { t } = useTranslation();
  const query = useUpdates();
  return (
    <Section title={t("updates.title")}>
      <Loaded query={query} skeleton={<Skeleton className="h-20" />}>
        {(updates) => {
          const bridge = updates.servers.find((server) => server.serverId === serverId);
          return bridge === undefined ? null : <Bridge bridge={bridge} updates={updates} isOnline={isOnline} />;
        }}
      </Loaded>
    </Section>
  );
}

interface BridgeProps {
  readonly bridge: BridgeVersionView;
  readonly updates: UpdatesView;
  readonly isOnline: boolean;
}

function Bridge({ bridge, updates: { offeredVersion, manualCommand }, isOnline }: BridgeProps) {
  const { t } = useTranslation();
  const { version, isOutdated, updatesItself } = bridge;
  const canBeUpdated = isOutdated && updatesItself && !isUnderWay(bridge);
  return (
    <Card className="flex flex-col gap-4 p-4 text-sm">
      <div className="flex flex-wrap items-start justify-between gap-3">
        <div className="min-w-0">
          <p className="font-medium">
            {version === null ? t("servers.neverConnected") : t("updates.version", { version })}
          </p>
          {isOutdated && offeredVersion !== null ? (
            <p className="text-muted">{t("updates.available", { version: offeredVersion })}</p>
          ) : (
            version !== null && offeredVersion !== null && <p className="text-muted">{t("updates.current")}</p>
          )}
        </div>
        {canBeUpdated && offeredVersion !== null && isOnline && (
          <UpdateServer serverId={bridge.serverId} version={offeredVersion} lastUpdate={bridge.update} />
        )}
      </div>
      {isOutdated && <Brings brings={bridge.brings} />}
      {canBeUpdated && !isOnline && <p className="text-muted">{t("updates.offline")}</p>}
      {isOutdated && !updatesItself && manualCommand !== null && (
        <div className="flex flex-col gap-2">
          <p>{t("updates.byHand")}</p>
          <CodeBlock text={manualCommand} label={t("updates.command")} />
          <CopyButton text={manualCommand} label={t("updates.copy")} />
        </div>
      )}
      {bridge.update !== null && <UpdateOutcome update={bridge.update} />}
    </Card>
  );
}
