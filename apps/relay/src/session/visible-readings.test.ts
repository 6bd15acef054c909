import { makeId } from "@quarterdeck/core/ids";
import { isOfWorkspace } from "@quarterdeck/core/protocol/compact-readings";
import type { Topic } from "@quarterdeck/core/protocol/ticket";
import type { ViewerFeature } from "@quarterdeck/core/protocol/viewer-features";
import { decodeWorkspaces, encodeWorkspaces } from "@quarterdeck/core/protocol/workspace-readings";
import { expect, it } from "vitest";
import { sightOf, visibleReadings } from "./visible-readings.ts";

const workspaceId = makeId("workspace", 1, new Uint8Array(16));
const usage = { cpu: 1, memory: 2, tasks: 3, runs: 4, disk: 5, pressure: null };
const reading = { workspaceId, atMs: 7, ...usage, network: { received: 8, sent: 9 }, projects: [], topRuns: [] };
const viewer = (features: ViewerFeature[]) => ({ topics: [`telemetry:${workspaceId}` satisfies Topic], features });

it("[F11] shows a page that does not know what passed over networks the rest, and never in the text of one that does", () => {
  const readings = encodeWorkspaces([reading]);
  const seenBy = (features: ViewerFeature[]) =>
    decodeWorkspaces(visibleReadings(readings, viewer(features)).filter(isOfWorkspace));
  expect(seenBy(["workspaces", "network"])).toEqual([reading]);
  expect(seenBy(["workspaces"])).toEqual([{ ...reading, network: null }]);
  expect(seenBy(["network"])).toEqual([]);
  expect(sightOf(viewer(["workspaces"]))).not.toBe(sightOf(viewer(["workspaces", "network"])));
});
