import { useQuery } from "@tanstack/react-query";
import { secondMs } from "@quarterdeck/core/units";
import { useTranslation } from "react-i18next";
import { trpc } from "../../api/trpc.ts";
import type { PlatformHealthView } from "../../api/views.ts";
import { Loaded } from "../../app/Loaded.tsx";
import { TimeAgo } from "../../app/TimeAgo.tsx";
import { useFormat } from "../../i18n/use-format.ts";
import { Badge } from "../../ui/Badge.tsx";
import { Card, Section } from "../../ui/Card.tsx";
import { Skeleton } from "../../ui/Skeleton.tsx";
import { Cell, Table } from "../../ui/Table.tsx";
import { Fact, Facts } from "./Fact.tsx";

const renewMs = 10 * secondMs;

/** How each part of the platform is, renewed while somebody looks. */
export function HealthSection() {
  const { t } = useTranslation();
  const query = useQuery(trpc.operator.health.queryOptions(undefined, { refetchInterval: renewMs }));
  return (
    <Section title={t("operator.health.title")}>
      <Loaded query={query} skeleton={<Skeleton className="h-56" />}>
        {(health) => (
          <div className="flex flex-col gap-4">
            <Card className="p-4">
              <Facts>
                <PartFacts health={health} />
                <VersionFacts versions={health.versions} />
              </Facts>
            </Card>
            {health.outbox.worst.length > 0 && <WorstOutboxes worst={health.outbox.worst} />}
          </div>
        )}
      </Loaded>
    </Section>
  );
}

function PartFacts({ health: { database, relay, outbox, housekeeping, audit } }: { health: PlatformHealthView }) {
  const { t } = useTranslation();
  const format = useFormat();
  const ms = format.number(database.latencyMs);
  return (
    <>
      <Fact label={t("operator.health.database")}>
        {database.sizeBytes === null
          ? t("operator.health.databaseText", { ms })
          : t("operator.health.databaseSize", { ms, size: format.bytes(database.sizeBytes) })}
      </Fact>
      <Fact label={t("operator.health.relay")}>
        {relay.isReachable ? (
          t("operator.health.relayUp", { ms: format.number(relay.latencyMs) })
        ) : (
          <Badge tone="bad">{t("operator.health.relayDown")}</Badge>
        )}
      </Fact>
      <Fact label={t("operator.health.outbox")}>
        {outbox.waiting === 0
          ? t("operator.health.outboxNothing")
          : t("operator.health.outboxText", { count: outbox.waiting })}
      </Fact>
      <Fact label={t("operator.health.housekeeping")}>
        {housekeeping === null ? (
          t("operator.health.housekeepingNone")
        ) : housekeeping.isOk ? (
          <>
            {t("operator.health.housekeepingOk")} <TimeAgo atMs={housekeeping.atMs} />
          </>
        ) : (
          <Badge tone="bad">{t("operator.health.housekeepingFailed")}</Badge>
        )}
      </Fact>
      <Fact label={t("operator.health.audit")}>
        {format.number(audit.unchained)}
        {audit.oldestAtMs !== null && (
          <span className="text-muted">
            {" · "}
            <TimeAgo atMs={audit.oldestAtMs} />
          </span>
        )}
      </Fact>
    </>
  );
}

function VersionFacts({ versions }: { versions: PlatformHealthView["versions"] }) {
  const { t } = useTranslation();
  return (
    <>
      <Fact label={t("operator.health.versions")}>
        {t("operator.health.versionsText", {
          api: versions.api,
          console: versions.console ?? t("operator.health.notServed"),
        })}
      </Fact>
      <Fact label={t("operator.health.protocol")}>
        {t("operator.health.protocolText", {
          api: versions.apiProtocol,
          relay: versions.relayProtocol ?? t("operator.health.unknown"),
        })}
      </Fact>
      <Fact label={t("operator.health.bridges")}>
        {versions.bridges.length === 0
          ? t("operator.health.noBridges")
          : versions.bridges.map(({ version, servers }) => (
              <span key={version} className="block">
                {t("operator.health.bridgeText", { version, count: servers })}
              </span>
            ))}
      </Fact>
      <Fact label={t("operator.health.offered")}>{versions.offeredBridge ?? t("operator.health.offeredNone")}</Fact>
    </>
  );
}

function WorstOutboxes({ worst }: { worst: PlatformHealthView["outbox"]["worst"] }) {
  const { t } = useTranslation();
  const format = useFormat();
  const columns = [
    { title: t("operator.health.server") },
    { title: t("operator.health.waiting") },
    { title: t("operator.health.oldest") },
  ];
  return (
    <Table label={t("operator.health.worst")} columns={columns} isText>
      {worst.map(({ serverId, waiting, oldestAtMs }) => (
        <tr key={serverId}>
          <Cell className="font-mono text-xs">{serverId}</Cell>
          <Cell className="tabular-nums">{format.number(waiting)}</Cell>
          <Cell>
            <TimeAgo atMs={oldestAtMs} />
          </Cell>
        </tr>
      ))}
    </Table>
  );
}
