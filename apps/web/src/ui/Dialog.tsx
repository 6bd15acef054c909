import { X } from "lucide-react";
import { Dialog as Radix } from "radix-ui";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { classes } from "./classes.ts";
import { IconButton } from "./IconButton.tsx";

export interface DialogProps {
  readonly isOpen: boolean;
  readonly onOpenChange: (isOpen: boolean) => void;
  readonly title: string;
  readonly description?: ReactNode;
  readonly children: ReactNode;
  readonly isWide?: boolean;
}

export function Dialog({ isOpen, onOpenChange, title, description, children, isWide = false }: DialogProps) {
  const { t } = useTranslation();
  return (
    <Radix.Root open={isOpen} onOpenChange={onOpenChange}>
      <Radix.Portal>
        <Radix.Overlay className="fixed inset-0 z-40 animate-fade-in bg-black/45" />
        <div className="pointer-events-none fixed inset-0 z-50 flex items-end justify-center sm:items-start sm:p-4 sm:pt-[12vh]">
          <Radix.Content
            {...(description === undefined ? { "aria-describedby": undefined } : {})}
            className={classes(
              "pointer-events-auto flex max-h-[92dvh] w-full animate-appear flex-col rounded-t-xl border border-line bg-surface shadow-raised outline-none sm:max-h-[80dvh] sm:rounded-xl",
              isWide ? "sm:max-w-2xl" : "sm:max-w-md",
            )}
          >
            <header className="flex items-start gap-3 px-5 pt-4 pb-3">
              <div className="min-w-0 flex-1">
                <Radix.Title className="text-base font-semibold wrap-anywhere">{title}</Radix.Title>
                {description !== undefined && (
                  <Radix.Description className="mt-0.5 text-sm text-muted">{description}</Radix.Description>
                )}
              </div>
              <Radix.Close asChild>
                <IconButton label={t("common.close")} className="-me-2">
                  <X aria-hidden />
                </IconButton>
              </Radix.Close>
            </header>
            <div className="min-h-0 overflow-y-auto px-5 pb-5">{children}</div>
          </Radix.Content>
        </div>
      </Radix.Portal>
    </Radix.Root>
  );
}
