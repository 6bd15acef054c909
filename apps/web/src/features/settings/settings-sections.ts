import { Bot, Building2, Users, type LucideIcon } from "lucide-react";

export interface SettingsSection {
  readonly to: "/settings/organization" | "/settings/members" | "/settings/service-accounts";
  readonly icon: LucideIcon;
  readonly title: "settings.organization.title" | "members.title" | "serviceAccounts.title";
}

/** The pages of the settings, in the order in which they are listed. */
export const settingsSections: readonly SettingsSection[] = [
  { to: "/settings/organization", icon: Building2, title: "settings.organization.title" },
  { to: "/settings/members", icon: Users, title: "members.title" },
  { to: "/settings/service-accounts", icon: Bot, title: "serviceAccounts.title" },
];
