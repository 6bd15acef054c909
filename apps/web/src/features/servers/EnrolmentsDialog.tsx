import { useMutation, useQuery, useQueryClient } from "@tanstack/react-query";
import { Ticket } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { errorText } from "../../api/error-text.ts";
import { trpc } from "../../api/trpc.ts";
import type { EnrolmentView } from "../../api/views.ts";
import { Loaded } from "../../app/Loaded.tsx";
import { Name } from "../../app/Name.tsx";
import { TextLink } from "../../app/TextLink.tsx";
import { useFormat } from "../../i18n/use-format.ts";
import { Alert } from "../../ui/Alert.tsx";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { Skeleton } from "../../ui/Skeleton.tsx";
import { useMay } from "../access/use-may.ts";

/** The tokens that could connect a server, or did, and the way to take one back. */
export function EnrolmentsDialog() {
  const { t } = useTranslation();
  const mayManage = useMay("servers.manage");
  const [isOpen, setIsOpen] = useState(false);
  if (!mayManage) return null;
  return (
    <>
      <Button onClick={() => setIsOpen(true)}>
        <Ticket aria-hidden />
        {t("serverCare.invitations.open")}
      </Button>
      <Dialog
        isOpen={isOpen}
        onOpenChange={setIsOpen}
        title={t("serverCare.invitations.title")}
        description={t("serverCare.invitations.description")}
        isWide
      >
        <Enrolments />
      </Dialog>
    </>
  );
}

function Enrolments() {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  const query = useQuery({ ...trpc.servers.enrolments.queryOptions(), refetchInterval: 10_000 });
  const revoke = useMutation(
    trpc.servers.revokeEnrolment.mutationOptions({
      onSettled: () => queryClient.invalidateQueries(trpc.servers.enrolments.pathFilter()),
    }),
  );
  return (
    <Loaded query={query} skeleton={<Skeleton className="h-24" />}>
      {(enrolments) => (
        <div className="flex flex-col gap-3">
          {revoke.error !== null && <Alert tone="bad" title={errorText(t, revoke.error)} />}
          {enrolments.length === 0 && <p className="text-sm text-muted">{t("serverCare.invitations.empty")}</p>}
          <ul className="flex flex-col divide-y divide-line">
            {enrolments.map((enrolment) => (
              <EnrolmentRow
                key={enrolment.enrolmentId}
                enrolment={enrolment}
                isBusy={revoke.isPending}
                onRevoke={() => revoke.mutate({ enrolmentId: enrolment.enrolmentId })}
              />
            ))}
          </ul>
        </div>
      )}
    </Loaded>
  );
}

interface RowProps {
  readonly enrolment: EnrolmentView;
  readonly isBusy: boolean;
  readonly onRevoke: () => void;
}

function EnrolmentRow({ enrolment, isBusy, onRevoke }: RowProps) {
  const { t } = useTranslation();
  const format = useFormat();
  const { state, serverId, serverName, expiresAtMs, createdAtMs, createdBy } = enrolment;
  const time = format.dateTime(createdAtMs);
  return (
    <li className="flex flex-wrap items-center justify-between gap-x-4 gap-y-1 py-2 text-sm">
      <div className="min-w-0">
        <p className="truncate font-medium">
          {state === "used" && serverId !== null && serverName !== null ? (
            <>
              {t("serverCare.invitations.states.used")}{" "}
              <TextLink to="/servers/$serverId" params={{ serverId }}>
                <Name>{serverName}</Name>
              </TextLink>
            </>
          ) : (
            t(`serverCare.invitations.states.${state === "used" ? "usedGone" : state}`, {
              time: format.dateTime(expiresAtMs),
            })
          )}
        </p>
        <p className="truncate text-xs text-muted">
          {t("serverCare.invitations.madeBy")} {createdBy ?? t("serverCare.invitations.platform")} · {time}
        </p>
      </div>
      {state === "waiting" && (
        <Button
          variant="danger"
          isBusy={isBusy}
          aria-label={t("serverCare.invitations.revokeOf", { time })}
          onClick={onRevoke}
        >
          {t("serverCare.invitations.revoke")}
        </Button>
      )}
    </li>
  );
}
