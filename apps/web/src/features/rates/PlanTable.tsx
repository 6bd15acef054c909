import { useTranslation } from "react-i18next";
import type { RatesView } from "../../api/views.ts";
import { useFormat } from "../../i18n/use-format.ts";
import { Badge } from "../../ui/Badge.tsx";
import { Cell, Table } from "../../ui/Table.tsx";

/** What each plan allows, with the org's own marked. */
export function PlanTable({ rates: { plan, plans } }: { rates: RatesView }) {
  const { t } = useTranslation();
  const format = useFormat();
  const columns = [{ title: t("rates.planName") }, { title: t("rates.perMinute") }, { title: t("rates.atOnce") }];
  return (
    <Table isText label={t("rates.plans")} columns={columns}>
      {plans.map(({ name, perMinute, connections }) => (
        <tr key={name}>
          <Cell>
            {t(`rates.name.${name}`)} {name === plan && <Badge tone="accent">{t("rates.yours")}</Badge>}
          </Cell>
          <Cell className="tabular-nums">{format.number(perMinute)}</Cell>
          <Cell className="tabular-nums">{format.number(connections)}</Cell>
        </tr>
      ))}
    </Table>
  );
}
