import { useQuery } from "@tanstack/react-query";
import { Link, Outlet } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { trpc } from "../../api/trpc.ts";
import { isWithoutOrg } from "../orgs/pages-without-org.ts";
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
        className="flex gap-1 overflow-x-auto border-b border-line pb-2 lg:w-52 lg:shrink-0 lg:flex-col lg:border-b-0 lg:pb-0"
      >
        {sections.map(({ to, icon: Icon, title }) => (
          <Link
            key={to}
            to={to}
            className="flex items-center gap-2 rounded-md px-2.5 py-1.5 text-sm whitespace-nowrap text-muted transition-colors hover:bg-hover hover:text-ink aria-[current=page]:bg-accent-soft aria-[current=page]:font-medium aria-[current=page]:text-accent"
          >
            <Icon className="size-4 shrink-0 max-sm:hidden" aria-hidden />
            {t(title)}
          </Link>
        ))}
      </nav>
      <div className="min-w-0 flex-1">
        <Outlet />
      </div>
    </div>
  );
}
