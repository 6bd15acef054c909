import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { errorText } from "../../api/error-text.ts";
import { trpc } from "../../api/trpc.ts";
import type { OperatedKeys } from "../../api/views.ts";
import { Loaded } from "../../app/Loaded.tsx";
import { useFormat } from "../../i18n/use-format.ts";
import { Button } from "../../ui/Button.tsx";
import { Card, Section } from "../../ui/Card.tsx";
import { ConfirmDialog } from "../../ui/ConfirmDialog.tsx";
import { Skeleton } from "../../ui/Skeleton.tsx";
import { toasts } from "../../ui/toasts.ts";
import { Fact, Facts } from "./Fact.tsx";

type Change = "rotate" | "retire" | "revokeCurrent" | "revokeNext";

/** The platform's signing keys by fingerprint, and their changes, each after a question. */
export function KeysSection() {
  const { t } = useTranslation();
  const [asked, setAsked] = useState<Change | null>(null);
  const query = useQuery(trpc.operator.keys.queryOptions());
  return (
    <Section title={t("operator.keys.title")}>
      <Loaded query={query} skeleton={<Skeleton className="h-40" />}>
        {(keys) => (
          <Card className="flex flex-col gap-4 p-4">
            <KeyFacts keys={keys} />
            <div className="flex flex-wrap gap-2">
              <Button onClick={() => setAsked("rotate")}>{t("operator.keys.rotate")}</Button>
              {keys.previous !== null && (
                <Button onClick={() => setAsked("retire")}>{t("operator.keys.retire")}</Button>
              )}
              <Button variant="danger" onClick={() => setAsked("revokeCurrent")}>
                {t("operator.keys.revoke")}
              </Button>
              <Button variant="danger" onClick={() => setAsked("revokeNext")}>
                {t("operator.keys.revokeNext")}
              </Button>
            </div>
            {asked !== null && <AskForChange change={asked} version={keys.version} onDone={() => setAsked(null)} />}
          </Card>
        )}
      </Loaded>
    </Section>
  );
}

function KeyFacts({ keys: { version, current, next, previous, revoked, servers } }: { keys: OperatedKeys }) {
  const { t } = useTranslation();
  const format = useFormat();
  const count = (standing: OperatedKeys["servers"][number]["standing"]) =>
    format.number(servers.filter((server) => server.standing === standing).length);
  return (
    <Facts>
      <Fact label={t("operator.keys.version")}>{format.number(version)}</Fact>
      <Fact label={t("operator.keys.current")}>
        <Fingerprint text={current} />
      </Fact>
      <Fact label={t("operator.keys.next")}>
        <Fingerprint text={next} />
      </Fact>
      {previous !== null && (
        <Fact label={t("operator.keys.previous")}>
          <Fingerprint text={previous} />
        </Fact>
      )}
      {revoked.length > 0 && (
        <Fact label={t("operator.keys.revoked")}>
          {revoked.map((key) => (
            <Fingerprint key={key} text={key} />
          ))}
        </Fact>
      )}
      <Fact label={t("operator.keys.servers")}>
        {t("operator.keys.standing", { current: count("current"), behind: count("behind"), lost: count("lost") })}
      </Fact>
    </Facts>
  );
}

function Fingerprint({ text }: { text: string }) {
  return (
    <span dir="ltr" className="block font-mono text-xs break-all">
      {text}
    </span>
  );
}

function AskForChange({ change, version, onDone }: { change: Change; version: number; onDone: () => void }) {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const [isForced, setIsForced] = useState(false);
  const ask = useMutation(
    trpc.operator.changeKeys.mutationOptions({
      onSuccess(keys) {
        queryClient.setQueryData(trpc.operator.keys.queryKey(), keys);
        toasts.show(t("operator.keys.changed"));
        onDone();
      },
    }),
  );
  return (
    <ConfirmDialog
      isOpen
      onOpenChange={onDone}
      title={t(`operator.keys.question.${change}`)}
      confirmLabel={t("operator.keys.confirm")}
      cancelLabel={t("operator.keys.keep")}
      variant={change === "rotate" || change === "retire" ? "primary" : "danger"}
      isBusy={ask.isPending}
      problem={ask.error && errorText(t, ask.error)}
      onConfirm={() => ask.mutate({ change, fromVersion: version, isForced })}
    >
      <p>{t(`operator.keys.text.${change}`)}</p>
      <label className="mt-3 flex items-start gap-2 text-ink">
        <input
          type="checkbox"
          className="mt-0.5"
          checked={isForced}
          onChange={(event) => setIsForced(event.target.checked)}
        />
        {t("operator.keys.force")}
      </label>
    </ConfirmDialog>
  );
}
