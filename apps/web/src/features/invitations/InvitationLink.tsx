import type { AppRouter } from "@quarterdeck/api/router-type";
import type { inferRouterOutputs } from "@trpc/server";
import { useTranslation } from "react-i18next";
import { Alert } from "../../ui/Alert.tsx";
import { CodeBlock } from "../../ui/CodeBlock.tsx";
import { CopyButton } from "../../ui/CopyButton.tsx";

export type NewInvitation = inferRouterOutputs<AppRouter>["invitations"]["create"];

/** The link of an invitation, which is shown this once. */
export function InvitationLink({ made }: { made: NewInvitation }) {
  const { t } = useTranslation();
  const { email } = made.invitation;
  return (
    <Alert
      tone={made.mail === "failed" ? "warn" : "info"}
      title={t("invitations.linkTitle", { email })}
      action={<CopyButton text={made.link} label={t("invitations.copy")} />}
    >
      <p className="mb-2">{t(`invitations.linkText_${made.mail}`, { email })}</p>
      <CodeBlock text={made.link} label={t("invitations.link")} />
    </Alert>
  );
}
