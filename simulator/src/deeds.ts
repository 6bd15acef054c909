import type { Submitted } from "./actors/client.ts";
import type { Scenario } from "./scenario.ts";
import type { Stage } from "./stage.ts";

/** Plans what people do. */
export function planDeeds(stage: Stage, scenario: Scenario): void {
  const { world, client, places, viewers, hosts, serverIds } = stage;
  const tasks = new Map<number, Submitted>();
  for (const [index, deed] of scenario.deeds.entries()) {
    if (deed.kind === "nothing") continue;
    world.timeline.after(deed.atMs, () => {
      if (deed.kind === "submit") {
        const place = places[deed.place % places.length];
        const { durationMs, lines, exitCode } = deed;
        if (place) tasks.set(index, client.submit(place, { durationMs, lines, exitCode }));
        return;
      }
      const task = tasks.get(deed.of);
      if (!task) return;
      if (deed.kind === "cancel") return client.cancel(task);
      const watchSoon = () => {
        const serverId = serverIds[hosts.findIndex(({ machine }) => machine.name === task.place.machine)];
        if (task.runId === null) world.timeline.after(500, watchSoon);
        else if (serverId) viewers[deed.viewer % viewers.length]?.watch(task.runId, task.place, serverId);
      };
      watchSoon();
    });
  }
  const [first] = viewers;
  const [place] = places;
  const serverId = serverIds[0];
  if (first && place && serverId) world.timeline.after(1000, () => first.watchTelemetry(serverId, place));
}
