import { Check, Copy } from "lucide-react";
import { useEffect, useState } from "react";
import { useTranslation } from "react-i18next";
import { Button } from "./Button.tsx";
import { copyText } from "./copy-text.ts";

const thanksMs = 2000;

export function CopyButton({ text, label }: { text: string; label: string }) {
  const { t } = useTranslation();
  const [outcome, setOutcome] = useState<"none" | "copied" | "failed">("none");
  useEffect(() => {
    if (outcome === "none") return undefined;
    const timer = setTimeout(() => setOutcome("none"), thanksMs);
    return () => clearTimeout(timer);
  }, [outcome]);
  return (
    <>
      <Button
        onClick={() => {
          void copyText(text).then((isCopied) => setOutcome(isCopied ? "copied" : "failed"));
        }}
      >
        {outcome === "copied" ? <Check className="text-good" aria-hidden /> : <Copy aria-hidden />}
        {outcome === "copied" ? t("common.copied") : outcome === "failed" ? t("common.copyFailed") : label}
      </Button>
      <span className="sr-only" aria-live="polite">
        {outcome === "copied" ? t("common.copied") : ""}
      </span>
    </>
  );
}
