import { compareRights, type Place, type Rights } from "@quarterdeck/api/rights";
import type { Permission } from "@quarterdeck/api/permissions";
import { useTranslation } from "react-i18next";
import { Name } from "../../app/Name.tsx";
import { classes } from "../../ui/classes.ts";

export interface RightsPreviewProps {
  readonly who: string;
  readonly before: Rights;
  readonly after: Rights;
  readonly nameOf: (place: Place) => string;
}

/** Who gains and loses what, before it happens. */
export function RightsPreview({ who, before, after, nameOf }: RightsPreviewProps) {
  const { t } = useTranslation();
  const changes = compareRights(before, after);
  return (
    <div role="status" className="flex flex-col gap-3 rounded-md border border-line bg-sunken p-3 text-sm">
      {changes.length === 0 && <p className="text-muted">{t("members.preview.same")}</p>}
      {changes.map(({ place, gained, lost }) => (
        <div key={place.projectId ?? place.workspaceId ?? "org"} className="flex flex-col gap-1">
          <p className="font-medium">
            <Name>{nameOf(place)}</Name>
          </p>
          <Permissions tone="text-good" title={t("members.preview.gains", { who })} names={gained} />
          <Permissions tone="text-bad" title={t("members.preview.loses", { who })} names={lost} />
        </div>
      ))}
    </div>
  );
}

function Permissions({ tone, title, names }: { tone: string; title: string; names: readonly Permission[] }) {
  const { t } = useTranslation();
  if (names.length === 0) return null;
  return (
    <div>
      <p className={classes(tone, "wrap-anywhere")}>{title}</p>
      <ul className="list-disc ps-5 text-muted">
        {names.map((name) => (
          <li key={name}>{t(`members.permission.${name}`)}</li>
        ))}
      </ul>
    </div>
  );
}
