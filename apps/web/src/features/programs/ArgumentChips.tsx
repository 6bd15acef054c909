import { useTranslation } from "react-i18next";

/** Shows exactly what will run: the program and each argument by itself. */
export function ArgumentChips({ program, args }: { program: string; args: readonly string[] }) {
  const { t } = useTranslation();
  return (
    <ul
      dir="ltr"
      tabIndex={0}
      aria-label={t("runs.command.label")}
      className="flex max-h-32 min-w-0 flex-wrap gap-1 overflow-y-auto font-mono text-xs"
    >
      <li className="max-w-full rounded bg-accent-soft px-1.5 py-0.5 font-medium break-all text-accent">{program}</li>
      {args.map((argument, index) => (
        // The same argument may come twice
        <li
          key={index}
          className="max-w-full rounded border border-line bg-sunken px-1.5 py-0.5 break-all whitespace-pre-wrap"
        >
          {argument === "" ? <span className="text-muted">{t("runs.command.empty")}</span> : argument}
        </li>
      ))}
    </ul>
  );
}
