import { useQuery } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { ChevronsUpDown, LogOut, Monitor, Moon, ServerCog, Settings, Sun, UserRound } from "lucide-react";
import { useState, useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { trpc } from "../../api/trpc.ts";
import { Name } from "../../app/Name.tsx";
import { themeStore } from "../../app/theme.ts";
import { Menu, MenuChoice, MenuItem, MenuLabel, MenuLine } from "../../ui/Menu.tsx";
import { NewOrgDialog } from "../orgs/NewOrgDialog.tsx";
import { OrgSwitcher } from "../orgs/OrgSwitcher.tsx";
import { useSignOut } from "./use-sign-out.ts";

/** Who is signed in and where; the theme; the way out. */
export function AccountMenu() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const theme = useSyncExternalStore(themeStore.subscribe, themeStore.current);
  const { data } = useQuery(trpc.auth.state.queryOptions());
  const standing = useQuery(trpc.operator.standing.queryOptions());
  const signOut = useSignOut();
  const me = data?.me;
  const [isCreating, setIsCreating] = useState(false);
  if (me === null || me === undefined) return null;
  return (
    <>
      <NewOrgDialog isOpen={isCreating} onOpenChange={setIsCreating} />
      <Menu
        trigger={
          <button
            type="button"
            className="flex min-w-0 items-center gap-2 rounded-md px-1.5 py-1.5 text-start transition-colors hover:bg-hover lg:px-2"
          >
            <span
              aria-hidden
              className="flex size-7 shrink-0 items-center justify-center rounded-full bg-accent-soft text-xs font-semibold text-accent uppercase"
            >
              {[...me.orgName][0]}
            </span>
            <span className="hidden min-w-0 flex-1 lg:block">
              <Name className="block truncate text-sm font-medium">{me.orgName}</Name>
              <span className="block truncate text-2xs text-muted">{me.email}</span>
            </span>
            <span className="sr-only">{t("auth.accountMenu")}</span>
            <ChevronsUpDown className="hidden size-3.5 shrink-0 text-muted lg:block" aria-hidden />
          </button>
        }
      >
        <MenuLabel>
          <Name className="block font-medium text-ink">{me.orgName}</Name>
          {me.email}
        </MenuLabel>
        <MenuLine />
        <OrgSwitcher orgId={me.orgId} onCreate={() => setIsCreating(true)} />
        <MenuLabel>{t("common.theme.title")}</MenuLabel>
        <MenuChoice
          value={theme}
          onChange={themeStore.choose}
          choices={[
            { value: "system", label: t("common.theme.system"), icon: <Monitor aria-hidden /> },
            { value: "light", label: t("common.theme.light"), icon: <Sun aria-hidden /> },
            { value: "dark", label: t("common.theme.dark"), icon: <Moon aria-hidden /> },
          ]}
        />
        <MenuLine />
        <MenuItem onSelect={() => void navigate({ to: "/settings/account" })}>
          <UserRound aria-hidden />
          {t("account.title")}
        </MenuItem>
        <MenuItem onSelect={() => void navigate({ to: "/settings/organization" })}>
          <Settings aria-hidden />
          {t("settings.title")}
        </MenuItem>
        {standing.data?.isOperator === true && (
          <MenuItem onSelect={() => void navigate({ to: "/operator" })}>
            <ServerCog aria-hidden />
            {t("operator.title")}
          </MenuItem>
        )}
        <MenuItem onSelect={() => signOut.mutate()}>
          <LogOut aria-hidden />
          {t("auth.signOut")}
        </MenuItem>
      </Menu>
    </>
  );
}
