import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { AppRouter } from "@quarterdeck/api/router-type";
import type { inferRouterOutputs } from "@trpc/server";
import { useTranslation } from "react-i18next";
import { errorText } from "../../api/error-text.ts";
import { trpc } from "../../api/trpc.ts";
import { useFormat } from "../../i18n/use-format.ts";
import { Badge, type Tone } from "../../ui/Badge.tsx";
import { Button } from "../../ui/Button.tsx";
import { Cell } from "../../ui/Table.tsx";
import { toasts } from "../../ui/toasts.ts";
import type { NewInvitation } from "./InvitationLink.tsx";

type Invitation = inferRouterOutputs<AppRouter>["invitations"]["list"][number];

const tones: Readonly<Record<Invitation["state"], Tone>> = {
  open: "accent",
  expired: "warn",
  revoked: "neutral",
  accepted: "good",
};

export function InvitationRow({
  invitation,
  mayDecide,
  onResent,
}: {
  invitation: Invitation;
  mayDecide: boolean;
  onResent: (made: NewInvitation) => void;
}) {
  const { t } = useTranslation();
  const format = useFormat();
  const queryClient = useQueryClient();
  const renewed = () => queryClient.invalidateQueries(trpc.invitations.pathFilter());
  const onError = (error: unknown) => toasts.show(errorText(t, error));
  const resend = useMutation(
    trpc.invitations.resend.mutationOptions({
      async onSuccess(made) {
        onResent(made);
        await renewed();
      },
      onError,
    }),
  );
  const revoke = useMutation(
    trpc.invitations.revoke.mutationOptions({
      async onSuccess() {
        toasts.show(t("invitations.revoked"));
        await renewed();
      },
      onError,
    }),
  );
  const { invitationId, email, role, state, expiresAtMs, invitedBy } = invitation;
  const isUndecided = state === "open" || state === "expired";
  return (
    <tr>
      <Cell>
        <bdi className="wrap-anywhere">{email}</bdi>
        <span className="block text-xs text-muted sm:hidden">{t(`invitations.roles.${role}`)}</span>
      </Cell>
      <Cell isWideOnly>{t(`invitations.roles.${role}`)}</Cell>
      <Cell>
        <Badge tone={tones[state]}>{t(`invitations.states.${state}`)}</Badge>
        {state === "open" && (
          <span className="mt-0.5 block text-xs text-muted">
            {t("invitations.until", { date: format.day(expiresAtMs) })}
          </span>
        )}
      </Cell>
      <Cell isWideOnly>
        <bdi className="wrap-anywhere text-muted">{invitedBy}</bdi>
      </Cell>
      <Cell className="text-end">
        {isUndecided && mayDecide && (
          <span className="inline-flex flex-wrap justify-end gap-2 xl:flex-nowrap">
            <Button
              isBusy={resend.isPending}
              aria-label={t("invitations.resendOf", { email })}
              onClick={() => resend.mutate({ invitationId })}
            >
              {t("invitations.resend")}
            </Button>
            <Button
              variant="danger"
              isBusy={revoke.isPending}
              aria-label={t("invitations.revokeOf", { email })}
              onClick={() => revoke.mutate({ invitationId })}
            >
              {t("invitations.revoke")}
            </Button>
          </span>
        )}
      </Cell>
    </tr>
  );
}
