import { ShieldCheck } from "lucide-react";
import { useTranslation } from "react-i18next";
import type { ServerView } from "../../api/views.ts";
import { Alert } from "../../ui/Alert.tsx";
import { Section } from "../../ui/Card.tsx";
import { EmptyState } from "../../ui/EmptyState.tsx";
import { Cell, Table } from "../../ui/Table.tsx";

type Policy = NonNullable<NonNullable<ServerView["capabilities"]>["policy"]>;

/** What the server's owner forbids there, as the server says it. Nothing of it can be changed from here. */
export function PolicySection({ server }: { server: ServerView }) {
  const { t } = useTranslation();
  const policy = server.capabilities?.policy;
  if (policy === undefined) return null;
  return (
    <Section title={t("policy.title")}>
      <div className="flex flex-col gap-3">
        <PolicyProblem policy={policy} />
        {policy.rules.length > 0 ? (
          <PolicyRules policy={policy} />
        ) : (
          policy.state !== "unreadable" && (
            <EmptyState icon={ShieldCheck} title={t("policy.empty")}>
              {t("policy.how", { path: policy.path })}
            </EmptyState>
          )
        )}
      </div>
    </Section>
  );
}

function PolicyProblem({ policy }: { policy: Policy }) {
  const { t } = useTranslation();
  if (policy.state !== "outdated" && policy.state !== "unreadable") return null;
  const tone = policy.state === "unreadable" ? "bad" : "warn";
  return (
    <Alert tone={tone} title={t(`policy.${policy.state}`)}>
      <bdi dir="ltr">{policy.problem}</bdi>
    </Alert>
  );
}

function PolicyRules({ policy }: { policy: Policy }) {
  const { t } = useTranslation();
  return (
    <>
      <Table
        label={t("policy.title")}
        columns={[{ title: t("policy.line") }, { title: t("policy.setting") }, { title: t("policy.value") }]}
      >
        {policy.rules.map(({ line, setting, value }, index) => (
          <tr key={index}>
            <Cell className="text-muted tabular-nums">{line}</Cell>
            <Cell>
              <bdi dir="ltr" className="font-mono text-xs">
                {setting}
              </bdi>
            </Cell>
            <Cell>
              <bdi dir="ltr" className="font-mono text-xs break-all">
                {value}
              </bdi>
            </Cell>
          </tr>
        ))}
      </Table>
      <p className="text-xs text-muted">
        {policy.rulesLeftOut > 0 && `${t("policy.more", { count: policy.rulesLeftOut })} `}
        {t("policy.readOnly")} <bdi dir="ltr">{policy.path}</bdi>
        {policy.hash !== null && (
          <>
            {" · "}
            <bdi dir="ltr" className="font-mono break-all">{`SHA-256 ${policy.hash}`}</bdi>
          </>
        )}
      </p>
    </>
  );
}
