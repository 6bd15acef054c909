import { Building2, UserRound, type LucideIcon } from "lucide-react";

export interface SettingsSection {
  readonly to: "/settings/organization" | "/settings/account";
  readonly icon: LucideIcon;
  readonly title: "settings.organization.title" | "account.title";
}

/** The pages of the settings, in the order in which they are listed. */
export const settingsSections: readonly SettingsSection[] = [
  { to: "/settings/account", icon: UserRound, title: "account.title" },
  { to: "/settings/organization", icon: Building2, title: "settings.organization.title" },
];
