import { Link } from "@tanstack/react-router";
import { LogOut } from "lucide-react";
import { useTranslation } from "react-i18next";
import { Button } from "../../ui/Button.tsx";
import { Logo } from "../../ui/Logo.tsx";
import { useSignOut } from "./use-sign-out.ts";

/** The top of the page for an account that is in no org: there is nothing to go to but itself. */
export function NoOrgHeader() {
  const { t } = useTranslation();
  const signOut = useSignOut();
  return (
    <header className="sticky top-0 z-30 flex items-center justify-between gap-2 border-b border-line bg-surface px-3 py-2">
      <Link to="/no-organization" aria-label={t("common.home")} className="flex items-center gap-2.5 rounded-md">
        <Logo className="size-7" />
        <span className="hidden text-[0.9375rem] font-semibold tracking-tight sm:inline">Quarterdeck</span>
      </Link>
      <Button isBusy={signOut.isPending} onClick={() => signOut.mutate()}>
        {!signOut.isPending && <LogOut aria-hidden />}
        {t("auth.signOut")}
      </Button>
    </header>
  );
}
