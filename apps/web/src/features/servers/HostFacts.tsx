import { coreMillicores } from "@quarterdeck/core/units";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import type { ServerView } from "../../api/views.ts";
import { useFormat } from "../../i18n/use-format.ts";
import { Alert } from "../../ui/Alert.tsx";
import { Card } from "../../ui/Card.tsx";

const tones = { hidden: "info", consented: "warn", missing: "bad" } as const;

/** What the server is, what it offers, and how far runs are kept apart on it: honestly. */
export function HostFacts({ server }: { server: ServerView }) {
  const { t } = useTranslation();
  const format = useFormat();
  const capabilities = server.capabilities;
  return (
    <Card className="p-4">
      <dl className="grid grid-cols-[auto_minmax(0,1fr)] gap-x-4 gap-y-1.5 text-sm">
        {capabilities !== null && (
          <>
            <Fact label={t("servers.fact.hostname")}>{capabilities.host.hostname}</Fact>
            <Fact label={t("servers.fact.system")}>{`${capabilities.host.os} (${capabilities.host.arch})`}</Fact>
            <Fact label={t("servers.fact.kernel")}>{capabilities.host.kernel}</Fact>
            <Fact label={t("servers.fact.capacity")}>
              {t("servers.fact.capacityText", {
                cores: format.number(capabilities.capacity.cpu / coreMillicores),
                memory: format.bytes(capabilities.capacity.memory),
                count: capabilities.capacity.runs,
              })}
            </Fact>
            <Fact label={t("servers.fact.bridge")}>{capabilities.bridgeVersion}</Fact>
          </>
        )}
        <Fact label={t("servers.fact.key")}>
          <span className="font-mono text-xs break-all">{server.keyFingerprint}</span>
        </Fact>
        <Fact label={t("servers.fact.added")}>{format.dateTime(server.createdAtMs)}</Fact>
      </dl>
      {capabilities !== null && (
        <Alert tone={tones[capabilities.isolation]} title={t("servers.isolation.title")} className="mt-4">
          <p>{t(`servers.isolation.${capabilities.isolation}`)}</p>
          {capabilities.sandbox && <SandboxFacts isolation={capabilities.isolation} sandbox={capabilities.sandbox} />}
        </Alert>
      )}
    </Card>
  );
}

type Capabilities = NonNullable<ServerView["capabilities"]>;

/** What the sandbox does there, or why there is none. */
function SandboxFacts({
  isolation,
  sandbox,
}: Pick<Capabilities, "isolation"> & { sandbox: NonNullable<Capabilities["sandbox"]> }) {
  const { t } = useTranslation();
  if (isolation !== "hidden")
    return (
      <p className="mt-1 break-words">
        <bdi>{sandbox.reason}</bdi>
      </p>
    );
  return (
    <>
      <p className="mt-1">{t(sandbox.workspaceUsers ? "servers.isolation.ownUsers" : "servers.isolation.oneUser")}</p>
      <p className="mt-1">
        {t(sandbox.network === "own" ? "servers.isolation.ownNetwork" : "servers.isolation.sharedNetwork")}
      </p>
    </>
  );
}

function Fact({ label, children }: { label: string; children: ReactNode }) {
  return (
    <>
      <dt className="text-muted">{label}</dt>
      <dd className="min-w-0 break-words">
        <bdi>{children}</bdi>
      </dd>
    </>
  );
}
