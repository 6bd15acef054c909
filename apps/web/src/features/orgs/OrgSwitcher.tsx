import { useQuery } from "@tanstack/react-query";
import { Building2, Plus } from "lucide-react";
import { useTranslation } from "react-i18next";
import { trpc } from "../../api/trpc.ts";
import { Name } from "../../app/Name.tsx";
import { MenuChoice, MenuItem, MenuLabel, MenuLine } from "../../ui/Menu.tsx";
import { useSwitchOrg } from "./use-switch-org.ts";

/** The part of the account's menu that says in which org one is, and leads to the others. */
export function OrgSwitcher({ orgId, onCreate }: { orgId: string; onCreate: () => void }) {
  const { t } = useTranslation();
  const memberships = useQuery(trpc.orgs.list.queryOptions());
  const change = useSwitchOrg();
  const orgs = memberships.data?.orgs ?? [];
  const switchTo = (wanted: string) => {
    const org = orgs.find((one) => one.orgId === wanted);
    if (org !== undefined && wanted !== orgId) change.mutate({ orgId: org.orgId });
  };
  return (
    <>
      <MenuLabel>{t("orgs.yours")}</MenuLabel>
      <MenuChoice
        value={orgId}
        onChange={switchTo}
        choices={orgs.map((org) => ({
          value: org.orgId as string,
          label: <Name>{org.name}</Name>,
          icon: <Building2 aria-hidden />,
        }))}
      />
      {memberships.data?.mayCreate === true && (
        <MenuItem onSelect={onCreate}>
          <Plus aria-hidden />
          {t("orgs.create.title")}
        </MenuItem>
      )}
      {memberships.data?.mayCreate === false && (
        <MenuLabel>{t("orgs.create.full", { count: memberships.data.most })}</MenuLabel>
      )}
      <MenuLine />
    </>
  );
}
