import type { Place, Submitted } from "./actors/client.ts";
import type { Scenario } from "./scenario.ts";
import type { Stage } from "./stage.ts";

const againMs = 500;

/** Plans what people do. */
export function planDeeds(stage: Stage, scenario: Scenario): void {
  const { world, client, places, viewers, intruder, hosts, serverIds } = stage;
  const serverOf = ({ machine: name }: Place) => serverIds[hosts.findIndex(({ machine }) => machine.name === name)];
  const tasks = new Map<number, Submitted>();
  for (const [index, deed] of scenario.deeds.entries()) {
    if (deed.kind === "nothing") continue;
    const act = () => {
      if (deed.kind === "submit") {
        const place = places[deed.place % places.length];
        const { durationMs, lines, exitCode, lineBytes } = deed;
        const plan = { durationMs, lines, exitCode, ...(lineBytes === undefined ? {} : { lineBytes }) };
        const predecessor = deed.after === undefined ? undefined : tasks.get(deed.after);
        const after = predecessor?.place.workspaceId === place?.workspaceId ? predecessor : undefined;
        const how = { after: after ?? null, isDetached: deed.isAttached !== true };
        if (place) tasks.set(index, client.submit(place, plan, how));
        return;
      }
      const task = tasks.get(deed.of);
      // What nobody has submitted yet can be neither cancelled nor watched.
      if (!task || (deed.kind !== "cancel" && task.runId === null)) {
        if (scenario.deeds[deed.of]?.kind === "submit") world.timeline.after(againMs, act);
        return;
      }
      if (deed.kind === "cancel") return client.cancel(task);
      const serverId = serverOf(task.place);
      if (task.runId === null || !serverId) return;
      if (deed.kind === "watch") return viewers[deed.viewer % viewers.length]?.watch(task.runId, task, serverId);
      const place = places[deed.from % places.length];
      const own = place && serverOf(place);
      const { orgId } = task.place.scope;
      if (own) intruder.ask({ place, serverId: own }, { runId: task.runId, serverId, orgId });
    };
    world.timeline.after(deed.atMs, act);
  }
  const [first] = viewers;
  const [place] = places;
  const serverId = serverIds[0];
  // A reading a second for hours would be all that such a scenario does.
  const isShort = scenario.healAtMs < 600_000;
  if (isShort && first && place && serverId) world.timeline.after(1000, () => first.watchTelemetry(serverId, place));
}
