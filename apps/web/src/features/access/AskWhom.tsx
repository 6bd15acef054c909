import { rolesWith, type Permission } from "@quarterdeck/api/permissions";
import { useTranslation } from "react-i18next";

/** Why something is not offered, and who may do it. */
export function AskWhom({ permission }: { permission: Permission }) {
  const { t } = useTranslation();
  const roles = new Intl.ListFormat("en", { type: "disjunction" }).format(
    rolesWith(permission).map((role) => t(`members.role.${role}`)),
  );
  return (
    <p className="text-sm text-muted">{t("members.askWhom", { what: t(`members.permission.${permission}`), roles })}</p>
  );
}
