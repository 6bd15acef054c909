import { X } from "lucide-react";
import { Toast } from "radix-ui";
import { useSyncExternalStore } from "react";
import { useTranslation } from "react-i18next";
import { IconButton } from "./IconButton.tsx";
import { toasts } from "./toasts.ts";

/** Shows what happened in the background. What a person just did is answered where they did it, never here. */
export function Toasts() {
  const { t } = useTranslation();
  const shown = useSyncExternalStore(toasts.subscribe, toasts.current);
  return (
    <Toast.Provider label={t("common.notice")} duration={6000}>
      {shown.map((toast) => (
        <Toast.Root
          key={toast.id}
          onOpenChange={(isOpen) => {
            if (!isOpen) toasts.remove(toast.id);
          }}
          className="flex animate-appear items-start gap-3 rounded-lg border border-line bg-surface p-3 shadow-raised"
        >
          <Toast.Description className="min-w-0 flex-1 text-sm break-words">{toast.text}</Toast.Description>
          <Toast.Close asChild>
            <IconButton label={t("common.close")} className="-m-1 size-7">
              <X aria-hidden />
            </IconButton>
          </Toast.Close>
        </Toast.Root>
      ))}
      <Toast.Viewport className="fixed end-4 bottom-4 z-50 flex w-[min(22rem,calc(100vw-2rem))] flex-col gap-2 outline-none" />
    </Toast.Provider>
  );
}
