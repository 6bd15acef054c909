import { skipToken, useMutation, useQuery } from "@tanstack/react-query";
import { RefreshCw, Server } from "lucide-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { errorText } from "../../api/error-text.ts";
import { trpc } from "../../api/trpc.ts";
import { Alert } from "../../ui/Alert.tsx";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { Skeleton } from "../../ui/Skeleton.tsx";
import { ConnectedServer } from "./ConnectedServer.tsx";
import { EnrolmentCommand } from "./EnrolmentCommand.tsx";
import { useMay } from "../access/use-may.ts";

/** Shows the one command that connects a server, and turns into the server when it has arrived. */
export function ConnectServerDialog() {
  const { t } = useTranslation();
  const [isOpen, setIsOpen] = useState(false);
  if (!useMay("servers.manage")) return null;
  return (
    <>
      <Button variant="primary" onClick={() => setIsOpen(true)}>
        <Server aria-hidden />
        {t("servers.connect.title")}
      </Button>
      <Dialog
        isOpen={isOpen}
        onOpenChange={setIsOpen}
        title={t("servers.connect.title")}
        description={t("servers.connect.description")}
        isWide
      >
        <Enrolment onDone={() => setIsOpen(false)} />
      </Dialog>
    </>
  );
}

function Enrolment({ onDone }: { onDone: () => void }) {
  const { t } = useTranslation();
  const { mutate, data: enrolment, error, isPending } = useMutation(trpc.servers.createEnrolment.mutationOptions());
  useEffect(() => mutate({}), [mutate]);
  const state = useQuery({
    ...trpc.servers.enrolment.queryOptions(
      enrolment === undefined ? skipToken : { enrolmentId: enrolment.enrolmentId },
    ),
    // A change event comes with the server; asking besides costs little and needs no live connection.
    refetchInterval: (query) => (query.state.data?.state === "used" ? false : 2000),
  });
  const serverId = state.data?.serverId;
  if (serverId !== null && serverId !== undefined) return <ConnectedServer serverId={serverId} onDone={onDone} />;
  const renew = (
    <Button isBusy={isPending} onClick={() => mutate({})}>
      {!isPending && <RefreshCw aria-hidden />}
      {t("servers.connect.newCommand")}
    </Button>
  );
  if (error !== null) {
    return (
      <Alert tone="bad" title={t("servers.connect.failed")} action={renew}>
        {errorText(t, error)}
      </Alert>
    );
  }
  if (enrolment === undefined) return <Skeleton className="h-48" />;
  return <EnrolmentCommand enrolment={enrolment} isExpired={state.data?.state === "expired"} renew={renew} />;
}
