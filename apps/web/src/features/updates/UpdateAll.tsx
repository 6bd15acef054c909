import type { ServerId } from "@quarterdeck/core/ids";
import { useQuery } from "@tanstack/react-query";
import { ArrowUpCircle } from "lucide-react";
import { useState } from "react";
import { useTranslation } from "react-i18next";
import { errorText } from "../../api/error-text.ts";
import { trpc } from "../../api/trpc.ts";
import type { ServerView } from "../../api/views.ts";
import { Alert } from "../../ui/Alert.tsx";
import { Button } from "../../ui/Button.tsx";
import { Dialog } from "../../ui/Dialog.tsx";
import { Field } from "../../ui/Field.tsx";
import { Select } from "../../ui/Select.tsx";
import { isUnderWay, useUpdateAll, useUpdates } from "./use-updates.ts";

/** Updates every server that can be, beginning with one. */
export function UpdateAll() {
  const { t } = useTranslation();
  const [isOpen, setIsOpen] = useState(false);
  const updates = useUpdates();
  const servers = useQuery(trpc.servers.list.queryOptions());
  const able = (servers.data ?? []).filter(({ serverId, status, isRevoked }) => {
    const bridge = updates.data?.servers.find((server) => server.serverId === serverId);
    return (
      status === "online" && !isRevoked && bridge?.isOutdated === true && bridge.updatesItself && !isUnderWay(bridge)
    );
  });
  // One alone is updated on its own page.
  if (able.length < 2 || updates.data?.rollout?.state === "running") return null;
  return (
    <>
      <Button onClick={() => setIsOpen(true)}>
        <ArrowUpCircle aria-hidden />
        {t("updates.all.button", { count: able.length })}
      </Button>
      <Dialog
        isOpen={isOpen}
        onOpenChange={setIsOpen}
        title={t("updates.all.question")}
        description={t("updates.all.text")}
      >
        <UpdateAllForm servers={able} onDone={() => setIsOpen(false)} />
      </Dialog>
    </>
  );
}

function UpdateAllForm({ servers, onDone }: { servers: readonly ServerView[]; onDone: () => void }) {
  const { t } = useTranslation();
  const [chosen, setChosen] = useState<ServerId>();
  const update = useUpdateAll(onDone);
  const first = servers.find(({ serverId }) => serverId === chosen) ?? servers[0];
  return (
    <form
      className="flex flex-col gap-4"
      onSubmit={(event) => {
        event.preventDefault();
        if (!update.isPending) update.mutate({ firstServerId: first?.serverId ?? null });
      }}
    >
      <Field label={t("updates.all.first")} hint={t("updates.all.firstHint")}>
        {(control) => (
          <Select
            {...control}
            value={first?.serverId}
            onChange={({ target }) => setChosen(servers.find(({ serverId }) => serverId === target.value)?.serverId)}
          >
            {servers.map(({ serverId, name }) => (
              <option key={serverId} value={serverId}>
                {name}
              </option>
            ))}
          </Select>
        )}
      </Field>
      <div className="flex flex-col gap-2 text-sm text-muted">
        <p>{t("updates.workGoesOn")}</p>
        <p>{t("updates.comesBack")}</p>
      </div>
      {update.error !== null && <Alert tone="bad">{errorText(t, update.error)}</Alert>}
      <Button type="submit" variant="primary" isBusy={update.isPending} className="self-end">
        {t("updates.confirm")}
      </Button>
    </form>
  );
}
