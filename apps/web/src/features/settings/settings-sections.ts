import { Building2, MailPlus, type LucideIcon } from "lucide-react";

export interface SettingsSection {
  readonly to: "/settings/organization" | "/settings/invitations";
  readonly icon: LucideIcon;
  readonly title: "settings.organization.title" | "invitations.title";
}

/** The pages of the settings, in the order in which they are listed. */
export const settingsSections: readonly SettingsSection[] = [
  { to: "/settings/organization", icon: Building2, title: "settings.organization.title" },
  { to: "/settings/invitations", icon: MailPlus, title: "invitations.title" },
];
