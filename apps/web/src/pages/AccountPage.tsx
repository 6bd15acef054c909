import { useQuery } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { trpc } from "../api/trpc.ts";
import { Loaded } from "../app/Loaded.tsx";
import { PageHeader } from "../app/PageHeader.tsx";
import { PageSkeleton } from "../app/PageSkeleton.tsx";
import { EmailSection } from "../features/account-settings/EmailSection.tsx";
import { PasskeysSection } from "../features/account-settings/PasskeysSection.tsx";
import { PasswordSection } from "../features/account-settings/PasswordSection.tsx";
import { SessionsSection } from "../features/account-settings/SessionsSection.tsx";
import { TwoStepSection } from "../features/account-settings/TwoStepSection.tsx";

/** How somebody signs in, and where they are signed in. */
export function AccountPage() {
  const { t } = useTranslation();
  const query = useQuery(trpc.account.get.queryOptions());
  return (
    <Loaded isPage query={query} skeleton={<PageSkeleton />}>
      {(account) => (
        <>
          <PageHeader documentTitle={t("account.title")} title={t("account.title")} meta={account.email} />
          <div className="flex flex-col gap-8">
            <EmailSection email={account.email} />
            <PasswordSection hasPassword={account.hasPassword} canRemove={account.passkeys.length > 0} />
            <TwoStepSection account={account} />
            <PasskeysSection passkeys={account.passkeys} />
            <SessionsSection />
          </div>
        </>
      )}
    </Loaded>
  );
}
