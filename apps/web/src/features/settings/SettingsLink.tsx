import { Link } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import type { SettingsSection } from "./settings-sections.ts";

export function SettingsLink({ section: { to, icon: Icon, title } }: { readonly section: SettingsSection }) {
  const { t } = useTranslation();
  return (
    <Link
      to={to}
      className="flex items-center gap-2 rounded-md px-2.5 py-1.5 text-sm whitespace-nowrap text-muted transition-colors hover:bg-hover hover:text-ink aria-[current=page]:bg-accent-soft aria-[current=page]:font-medium aria-[current=page]:text-accent"
    >
      <Icon className="size-4 shrink-0 max-sm:hidden" aria-hidden />
      {t(title)}
    </Link>
  );
}
