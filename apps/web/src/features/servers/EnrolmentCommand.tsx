import { LoaderCircle } from "lucide-react";
import type { ReactNode } from "react";
import { useTranslation } from "react-i18next";
import { useNow } from "../../app/use-now.ts";
import { useFormat } from "../../i18n/use-format.ts";
import { Alert } from "../../ui/Alert.tsx";
import { CodeBlock } from "../../ui/CodeBlock.tsx";
import { CopyButton } from "../../ui/CopyButton.tsx";

export interface EnrolmentCommandProps {
  readonly enrolment: {
    readonly installCommand: string | null;
    readonly command: string;
    readonly expiresAtMs: number;
    readonly platformFingerprint: string;
  };
  readonly isExpired: boolean;
  readonly renew: ReactNode;
}

interface CommandToCopyProps {
  readonly text: string;
  readonly introduction: string;
  readonly label: string;
  readonly copyLabel: string;
}

function CommandToCopy({ text, introduction, label, copyLabel }: CommandToCopyProps) {
  return (
    <div className="flex flex-col gap-1.5">
      <p className="text-sm">{introduction}</p>
      <CodeBlock text={text} label={label} />
      <div>
        <CopyButton text={text} label={copyLabel} />
      </div>
    </div>
  );
}

export function EnrolmentCommand({ enrolment, isExpired, renew }: EnrolmentCommandProps) {
  const { t } = useTranslation();
  const format = useFormat();
  const leftMs = enrolment.expiresAtMs - useNow();
  if (isExpired || leftMs <= 0) {
    return (
      <Alert tone="warn" title={t("servers.connect.expired")} action={renew}>
        {t("servers.connect.expiredText")}
      </Alert>
    );
  }
  return (
    <div className="flex flex-col gap-4">
      {enrolment.installCommand !== null && (
        <CommandToCopy
          text={enrolment.installCommand}
          introduction={t("servers.connect.install")}
          label={t("servers.connect.installCommand")}
          copyLabel={t("servers.connect.copyInstall")}
        />
      )}
      <CommandToCopy
        text={enrolment.command}
        introduction={t("servers.connect.run")}
        label={t("servers.connect.command")}
        copyLabel={t("servers.connect.copy")}
      />
      <p className="text-sm text-muted">
        {t("servers.connect.validFor")}{" "}
        <span role="timer" className="font-medium text-ink tabular-nums">
          {format.countdown(leftMs)}
        </span>
      </p>
      <div className="rounded-md border border-line bg-sunken px-3 py-2.5 text-xs text-muted">
        <p>{t("servers.connect.fingerprint")}</p>
        <p dir="ltr" className="mt-1 text-start font-mono break-all text-ink">
          {enrolment.platformFingerprint}
        </p>
      </div>
      <p role="status" className="flex items-center gap-2 text-sm text-muted">
        <LoaderCircle className="size-4 animate-spin" aria-hidden />
        {t("servers.connect.waiting")}
      </p>
    </div>
  );
}
