import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useNavigate } from "@tanstack/react-router";
import { useTranslation } from "react-i18next";
import { errorText } from "../../api/error-text.ts";
import { trpc } from "../../api/trpc.ts";
import { toasts } from "../../ui/toasts.ts";

/** Signs out, and keeps nothing of whoever was there. */
export function useSignOut() {
  const { t } = useTranslation();
  const navigate = useNavigate();
  const queryClient = useQueryClient();
  return useMutation(
    trpc.auth.signOut.mutationOptions({
      async onSuccess() {
        queryClient.clear();
        await navigate({ to: "/sign-in" });
      },
      onError: (error) => toasts.show(errorText(t, error)),
    }),
  );
}
