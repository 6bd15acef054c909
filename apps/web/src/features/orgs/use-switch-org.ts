import { useMutation, useQueryClient } from "@tanstack/react-query";
import { useTranslation } from "react-i18next";
import { errorText } from "../../api/error-text.ts";
import { trpc } from "../../api/trpc.ts";
import { toasts } from "../../ui/toasts.ts";

/** Has this session work in another org. What is shown follows who one is then (`SignedInShell`). */
export function useSwitchOrg() {
  const { t } = useTranslation();
  const queryClient = useQueryClient();
  return useMutation(
    trpc.orgs.switch.mutationOptions({
      async onSuccess() {
        const { me } = await queryClient.fetchQuery({ ...trpc.auth.state.queryOptions(), staleTime: 0 });
        if (me !== null) toasts.show(t("orgs.switched", { name: me.orgName }));
      },
      onError: (error) => toasts.show(errorText(t, error)),
    }),
  );
}
