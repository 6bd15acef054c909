import { dayMs, hourMs, minuteMs } from "@quarterdeck/core/units";
import { sql, type SQL } from "drizzle-orm";
import { telemetryNodes, telemetryPoints } from "../db/schema.ts";
import { columnList, combined, replaced } from "./point-columns.ts";

const quarterMs = 15 * minuteMs;

/** What each step is kept for: what is shown of it, and what a longer step that is not over needs of it. */
export const keptMs: ReadonlyMap<number, number> = new Map([
  [minuteMs, dayMs + hourMs],
  [quarterMs, 31 * dayMs + 2 * dayMs],
  [dayMs, 366 * dayMs + dayMs],
]);

/** So many nodes at once: nobody waits long behind it. */
export const nodesAtOnce = 100;

const chosen = sql`(select "nodeKey" from ${telemetryNodes} where "changedFromMs" is not null
  order by "changedFromMs", "nodeKey" limit ${sql.raw(String(nodesAtOnce))})`;

/** Makes the points of a longer step anew wherever one of the shorter step changed: doing it again changes nothing. */
function rollUp(fromStepMs: number, toStepMs: number): SQL {
  const step = sql.raw(String(toStepMs));
  return sql`insert into ${telemetryPoints} ("nodeKey", "stepMs", "atMs", ${columnList})
    select points."nodeKey", ${step}, points."atMs" - points."atMs" % ${step}, ${combined}
    from ${telemetryNodes} as nodes join ${telemetryPoints} as points on points."nodeKey" = nodes."nodeKey"
      and points."stepMs" = ${sql.raw(String(fromStepMs))}
      and points."atMs" >= nodes."changedFromMs" - nodes."changedFromMs" % ${step}
    where nodes."nodeKey" in ${chosen}
    group by points."nodeKey", points."atMs" - points."atMs" % ${step}
    on conflict do update set ${replaced}`;
}

/** Rolls the next nodes up whose minutes changed. The last statement changes as many rows as there were nodes. */
export function rollUpChanged(): SQL[] {
  return [
    rollUp(minuteMs, quarterMs),
    rollUp(quarterMs, dayMs),
    sql`update ${telemetryNodes} set "changedFromMs" = null where "nodeKey" in ${chosen}`,
  ];
}

/** Deletes what is past its keeping, where it was rolled up, and nodes of which nothing is left. */
export function forgetOldPoints(nowMs: number): SQL[] {
  const rolledUp = sql`(select "nodeKey" from ${telemetryNodes} where "changedFromMs" is null)`;
  return [
    ...[...keptMs].map(
      ([stepMs, forMs]) => sql`delete from ${telemetryPoints} where "nodeKey" in ${rolledUp}
        and "stepMs" = ${stepMs} and "atMs" < ${nowMs - forMs}`,
    ),
    sql`delete from ${telemetryNodes} where "changedFromMs" is null
      and not exists (select 1 from ${telemetryPoints} where ${telemetryPoints.nodeKey} = ${telemetryNodes.nodeKey})`,
  ];
}
