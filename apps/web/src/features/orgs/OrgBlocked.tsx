import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { trpc } from "../../api/trpc.ts";
import { Name } from "../../app/Name.tsx";
import { TextLink } from "../../app/TextLink.tsx";
import { Alert } from "../../ui/Alert.tsx";
import { Button } from "../../ui/Button.tsx";
import { useSwitchOrg } from "./use-switch-org.ts";

/** Why the org lets nobody in from here or like this, and where else to go. */
export function OrgBlocked({ code, message }: { code: "ADDRESS_REFUSED" | "MFA_REQUIRED"; message: string }) {
  const { t } = useTranslation();
  const memberships = useQuery(trpc.orgs.list.queryOptions());
  const change = useSwitchOrg();
  const isMfa = code === "MFA_REQUIRED";
  const others = (memberships.data?.orgs ?? []).filter(({ isActive }) => !isActive);
  return (
    <div className="flex flex-col gap-4">
      <Alert
        tone="warn"
        title={<h1>{isMfa ? t("orgs.blocked.mfaTitle") : t("orgs.blocked.addressTitle")}</h1>}
        action={
          isMfa && (
            <TextLink to="/settings/account" className="font-medium text-accent">
              {t("orgs.blocked.mfaLink")}
            </TextLink>
          )
        }
      >
        <p>{message}</p>
        {isMfa && <p>{t("orgs.blocked.mfaHelp")}</p>}
      </Alert>
      {others.length > 0 && (
        <section aria-label={t("orgs.blocked.others")} className="flex flex-wrap items-center gap-2">
          <span className="text-sm text-muted">{t("orgs.blocked.others")}</span>
          {others.map(({ orgId, name }) => (
            <Button key={orgId} isBusy={change.isPending} onClick={() => change.mutate({ orgId })}>
              <Name>{name}</Name>
            </Button>
          ))}
        </section>
      )}
    </div>
  );
}
