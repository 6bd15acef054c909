import { useQuery } from "@tanstack/react-query";
import { Outlet } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { trpc } from "../../api/trpc.ts";
import { May } from "../access/May.tsx";
import { isWithoutOrg } from "../orgs/pages-without-org.ts";
import { SettingsLink } from "./SettingsLink.tsx";
import { settingsSections } from "./settings-sections.ts";

/** The list of the settings' pages beside the one that is open; above it on narrow windows. */
export function SettingsShell() {
  const { t } = useTranslation();
  const { data } = useQuery(trpc.auth.state.queryOptions());
  const isInOrg = (data?.me ?? null) !== null;
  const sections = settingsSections.filter(({ to }) => isInOrg || isWithoutOrg(to));
  return (
    <div className="flex flex-col gap-6 lg:flex-row lg:gap-8">
      <nav
        aria-label={t("settings.title")}
        className="flex flex-wrap gap-1 border-b border-line pb-2 lg:w-52 lg:shrink-0 lg:flex-col lg:flex-nowrap lg:border-b-0 lg:pb-0"
      >
        {sections.map((section) =>
          section.permission === undefined ? (
            <SettingsLink key={section.to} section={section} />
          ) : (
            <May key={section.to} permission={section.permission}>
              <SettingsLink section={section} />
            </May>
          ),
        )}
      </nav>
      <div className="min-w-0 flex-1">
        <Outlet />
      </div>
    </div>
  );
}
