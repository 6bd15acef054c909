import { Link, useLocation } from "@tanstack/react-router";
import { Boxes, Gauge, Server, type LucideIcon } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Logo } from "../../ui/Logo.tsx";
import { AccountMenu } from "./AccountMenu.tsx";

/** The side of the page on wide windows, its top on narrow ones. */
export function Navigation() {
  const { t } = useTranslation();
  return (
    <header className="sticky top-0 z-30 border-b border-line bg-surface lg:static lg:w-60 lg:shrink-0 lg:border-e lg:border-b-0">
      <div className="flex items-center gap-2 px-3 py-2 lg:sticky lg:top-0 lg:h-dvh lg:flex-col lg:items-stretch lg:gap-4 lg:p-3">
        <Link
          to="/servers"
          aria-label={t("common.home")}
          className="flex items-center gap-2.5 rounded-md lg:px-2 lg:py-1.5"
        >
          <Logo className="size-7" />
          <span className="hidden text-[0.9375rem] font-semibold tracking-tight sm:inline">Quarterdeck</span>
        </Link>
        <nav
          aria-label={t("common.navigation")}
          className="flex min-w-0 flex-1 gap-1 overflow-x-auto max-sm:gap-0 lg:flex-col lg:gap-0.5"
        >
          <NavigationLink to="/servers" sections={["servers"]} icon={Server} label={t("servers.title")} />
          <NavigationLink
            to="/workspaces"
            sections={["workspaces", "projects", "runs"]}
            icon={Boxes}
            label={t("workspaces.title")}
          />
          <NavigationLink to="/quotas" sections={["quotas"]} icon={Gauge} label={t("quotas.title")} />
        </nav>
        <AccountMenu />
      </div>
    </header>
  );
}

function NavigationLink({
  to,
  sections,
  icon: Icon,
  label,
}: {
  to: "/servers" | "/workspaces" | "/quotas";
  /** The first parts of the addresses of all pages that belong to it. */
  sections: readonly string[];
  icon: LucideIcon;
  label: string;
}) {
  const section = useLocation({ select: ({ pathname }) => pathname.split("/")[1] ?? "" });
  return (
    <Link
      to={to}
      data-open={sections.includes(section) || undefined}
      className="flex items-center gap-2 rounded-md px-2.5 py-1.5 text-sm text-muted max-sm:px-2 transition-colors hover:bg-hover hover:text-ink data-open:bg-accent-soft data-open:font-medium data-open:text-accent"
    >
      <Icon className="size-4 shrink-0 max-sm:hidden" aria-hidden />
      {label}
    </Link>
  );
}
