import type { ServerId } from "@quarterdeck/core/ids";
import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { trpc } from "../../api/trpc.ts";
import type { GivenShareView } from "../../api/views.ts";
import { Loaded } from "../../app/Loaded.tsx";
import { Name } from "../../app/Name.tsx";
import { useNow } from "../../app/use-now.ts";
import { useFormat } from "../../i18n/use-format.ts";
import { Card, Section } from "../../ui/Card.tsx";
import { Skeleton } from "../../ui/Skeleton.tsx";
import { useAmountText } from "../quotas/use-amount-text.ts";
import { useMay } from "../access/use-may.ts";
import { ChangeShare } from "./ChangeShare.tsx";
import { OfferShare } from "./OfferShare.tsx";
import { SliceSize } from "./SliceSize.tsx";
import { WithdrawShare } from "./WithdrawShare.tsx";

/** The slices of a server that other organizations have, for who may give them. */
export function GivenShares({ serverId }: { serverId: ServerId }) {
  const mayManage = useMay("servers.manage");
  return mayManage ? <Shares serverId={serverId} /> : null;
}

function Shares({ serverId }: { serverId: ServerId }) {
  const { t } = useTranslation();
  const query = useQuery(trpc.sharing.given.queryOptions({ serverId }));
  return (
    <Section title={t("sharing.given.title")} action={<OfferShare serverId={serverId} />}>
      <Loaded query={query} skeleton={<Skeleton className="h-20" />}>
        {(shares) => (
          <Card className="px-4">
            {shares.length === 0 && <p className="py-3 text-sm text-muted">{t("sharing.given.empty")}</p>}
            <ul className="divide-y divide-line">
              {shares.map((share) => (
                <ShareRow key={share.shareId} share={share} />
              ))}
            </ul>
          </Card>
        )}
      </Loaded>
    </Section>
  );
}

function ShareRow({ share }: { share: GivenShareView }) {
  const { t } = useTranslation();
  const format = useFormat();
  const amount = useAmountText();
  const nowMs = useNow(60_000);
  const { label, state, limits, weight, usage, guestOrgName, expiresAtMs } = share;
  const isOpen = state === "offered" || state === "accepted";
  const shown = state === "offered" && expiresAtMs <= nowMs ? "expired" : state;
  return (
    <li className="flex flex-wrap items-center justify-between gap-x-4 gap-y-2 py-3 text-sm">
      <div className="min-w-0">
        <p className="font-medium">
          <Name>{label}</Name>
          <span className="font-normal text-muted">
            {" · "}
            {t(`sharing.given.states.${shown}`, { time: format.dateTime(expiresAtMs), org: guestOrgName ?? "" })}
          </span>
        </p>
        <p className="text-xs text-muted">
          <SliceSize limits={limits} weight={weight} />
        </p>
        {guestOrgName !== null && (
          <p className="text-xs text-muted">
            {t("sharing.given.usage", {
              runs: format.number(usage.runs),
              waiting: format.number(usage.waitingRuns),
              cpu: amount("cpu", usage.cpu),
              memory: amount("memory", usage.memory),
            })}
          </p>
        )}
      </div>
      {isOpen && (
        <div className="flex gap-2">
          <ChangeShare share={share} />
          <WithdrawShare share={share} />
        </div>
      )}
    </li>
  );
}
