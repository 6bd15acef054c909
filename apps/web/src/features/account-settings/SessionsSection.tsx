import { useMutation, useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { errorText } from "../../api/error-text.ts";
import { trpc } from "../../api/trpc.ts";
import type { SessionView } from "../../api/views.ts";
import { Loaded } from "../../app/Loaded.tsx";
import { TimeAgo } from "../../app/TimeAgo.tsx";
import { Badge } from "../../ui/Badge.tsx";
import { Button } from "../../ui/Button.tsx";
import { Section } from "../../ui/Card.tsx";
import { Skeleton } from "../../ui/Skeleton.tsx";
import { Cell, Table } from "../../ui/Table.tsx";
import { toasts } from "../../ui/toasts.ts";
import { useAccountChanged } from "./use-account-changed.ts";

/** Where the account is signed in to, and the way to end that. */
export function SessionsSection() {
  const { t } = useTranslation();
  const query = useQuery(trpc.account.sessions.queryOptions());
  const changed = useAccountChanged();
  const endOthers = useMutation(
    trpc.account.revokeOtherSessions.mutationOptions({
      onSuccess: ({ ended: count }) => toasts.show(t("account.sessions.othersEnded", { count })),
      onError: (error) => toasts.show(errorText(t, error)),
      onSettled: changed,
    }),
  );
  return (
    <Section
      title={t("account.sessions.title")}
      action={
        (query.data?.length ?? 0) > 1 && (
          <Button variant="danger" isBusy={endOthers.isPending} onClick={() => endOthers.mutate()}>
            {t("account.sessions.endOthers")}
          </Button>
        )
      }
    >
      <Loaded query={query} skeleton={<Skeleton className="h-24" />}>
        {(sessions) => (
          <Table
            label={t("account.sessions.title")}
            isText
            columns={[
              { title: t("account.sessions.device") },
              { title: t("account.sessions.address"), isWideOnly: true },
              { title: t("account.sessions.created"), isWideOnly: true },
              { title: t("account.sessions.used") },
              { title: t("account.actions") },
            ]}
          >
            {sessions.map((session) => (
              <SessionRow key={session.signInId} session={session} />
            ))}
          </Table>
        )}
      </Loaded>
    </Section>
  );
}

function SessionRow({ session }: { session: SessionView }) {
  const { t } = useTranslation();
  const changed = useAccountChanged();
  const { signInId, isCurrent, browser, system, address, createdAtMs, lastUsedAtMs } = session;
  const end = useMutation(
    trpc.account.revokeSession.mutationOptions({
      onSuccess: () => toasts.show(t("account.sessions.ended")),
      onError: (error) => toasts.show(errorText(t, error)),
      onSettled: changed,
    }),
  );
  const device =
    browser !== "" && system !== ""
      ? t("account.sessions.on", { browser, system })
      : browser || system || t("account.sessions.unknown");
  return (
    <tr>
      <Cell>
        <span className="flex flex-wrap items-center gap-2">
          {device}
          {isCurrent && <Badge tone="good">{t("account.sessions.current")}</Badge>}
        </span>
      </Cell>
      <Cell isWideOnly>
        <span dir="ltr">{address}</span>
      </Cell>
      <Cell isWideOnly>
        <TimeAgo atMs={createdAtMs} />
      </Cell>
      <Cell>
        <TimeAgo atMs={lastUsedAtMs} />
      </Cell>
      <Cell>
        {!isCurrent && (
          <div className="flex justify-end">
            <Button
              aria-label={t("account.sessions.endNamed", { device })}
              isBusy={end.isPending}
              onClick={() => end.mutate({ signInId })}
            >
              {t("account.sessions.end")}
            </Button>
          </div>
        )}
      </Cell>
    </tr>
  );
}
