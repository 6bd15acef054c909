import { useTranslation } from "react-i18next";
import { Button } from "../../ui/Button.tsx";

/** Chooses the servers with one label; null shows all of them. */
export function LabelFilter({
  labels,
  chosen,
  onChoose,
}: {
  labels: readonly string[];
  chosen: string | null;
  onChoose: (label: string | null) => void;
}) {
  const { t } = useTranslation();
  if (labels.length === 0) return null;
  return (
    <div role="group" aria-label={t("serverCare.labels.filter")} className="mb-4 flex flex-wrap gap-2">
      <Button aria-pressed={chosen === null} onClick={() => onChoose(null)} {...shown(chosen === null)}>
        {t("serverCare.labels.all")}
      </Button>
      {labels.map((label) => (
        <Button
          key={label}
          aria-pressed={chosen === label}
          onClick={() => onChoose(label)}
          {...shown(chosen === label)}
        >
          <bdi>{label}</bdi>
        </Button>
      ))}
    </div>
  );
}

function shown(isChosen: boolean) {
  return { variant: isChosen ? ("primary" as const) : ("secondary" as const) };
}
