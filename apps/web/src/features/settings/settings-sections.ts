import type { Permission } from "@quarterdeck/api/permissions";
import { Bot, Building2, Gauge, MailPlus, ScrollText, UserRound, Users, type LucideIcon } from "lucide-react";

export interface SettingsSection {
  readonly to:
    | "/settings/account"
    | "/settings/organization"
    | "/settings/members"
    | "/settings/service-accounts"
    | "/settings/invitations"
    | "/settings/audit"
    | "/settings/rate-limits";
  readonly icon: LucideIcon;
  readonly title:
    | "account.title"
    | "settings.organization.title"
    | "members.title"
    | "serviceAccounts.title"
    | "invitations.title"
    | "audit.title"
    | "rates.title";
  /** Without it the page has nothing to show. Absent where everybody who is signed in has something to see. */
  readonly permission?: Permission;
}

/** The pages of the settings, in the order in which they are listed. */
export const settingsSections: readonly SettingsSection[] = [
  { to: "/settings/account", icon: UserRound, title: "account.title" },
  { to: "/settings/organization", icon: Building2, title: "settings.organization.title", permission: "org.read" },
  { to: "/settings/members", icon: Users, title: "members.title", permission: "members.read" },
  { to: "/settings/invitations", icon: MailPlus, title: "invitations.title", permission: "members.invite" },
  {
    to: "/settings/service-accounts",
    icon: Bot,
    title: "serviceAccounts.title",
    permission: "serviceAccounts.manage",
  },
  { to: "/settings/audit", icon: ScrollText, title: "audit.title", permission: "audit.read" },
  { to: "/settings/rate-limits", icon: Gauge, title: "rates.title", permission: "org.read" },
];
