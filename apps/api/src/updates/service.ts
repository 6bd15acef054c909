import { QuarterdeckError } from "@quarterdeck/core/errors/quarterdeck-error";
import type { RolloutId, ServerId } from "@quarterdeck/core/ids";
import { missingAbilities } from "@quarterdeck/core/protocol/features";
import { bridgeVersionSchema, compareBridgeVersions } from "@quarterdeck/core/protocol/release";
import { recordAudit } from "../audit/repo.ts";
import type { OrgScope } from "../auth/scope.ts";
import { previousChanged } from "../db/insert-when.ts";
import { recordChange } from "../events/repo.ts";
import { notFound } from "../not-found.ts";
import type { Runtime } from "../runtime.ts";
import { listServerRows, type Server } from "../servers/repo.ts";
import { requireOwnServer } from "../servers/service.ts";
import type { OfferedRelease } from "./offered-release.ts";
import { findLatestRollout, findRollout, insertRollout, listLatestUpdates, skipWaiting } from "./repo.ts";
import type { UpdatesView } from "./views.ts";

/** Which version each server has, what the offered one would bring it, and how updates stand. */
export async function readUpdates(runtime: Runtime, scope: OrgScope): Promise<UpdatesView> {
  const { db, release, address } = runtime;
  const [servers, updates, rollout] = await Promise.all([
    listServerRows(db, scope),
    listLatestUpdates(db, scope),
    findLatestRollout(db, scope),
  ]);
  return {
    offeredVersion: release?.manifest.version ?? null,
    manualCommand: release && `npx --yes ${address.origin}/install/quarterdeck-bridge.tgz run`,
    servers: servers.map((server) => ({
      serverId: server.serverId,
      version: server.capabilities?.bridgeVersion ?? null,
      isOutdated: isOutdated(server, release),
      updatesItself: updatesItself(server),
      brings: isOutdated(server, release) ? bringsTo(server, release) : { actions: [], features: [] },
      update: updates.find(({ serverId }) => serverId === server.serverId) ?? null,
    })),
    rollout: scope.role === null ? null : rollout,
  };
}

function isOutdated({ capabilities }: Server, release: OfferedRelease | null): boolean {
  if (capabilities === null || release === null) return false;
  const { bridgeVersion } = capabilities;
  const isKnown = bridgeVersionSchema.safeParse(bridgeVersion).success;
  return !isKnown || compareBridgeVersions(bridgeVersion, release.manifest.version) < 0;
}

function updatesItself({ capabilities }: Server): boolean {
  return capabilities?.actions.includes("bridge.update") ?? false;
}

function bringsTo({ capabilities }: Server, release: OfferedRelease | null): { actions: string[]; features: string[] } {
  if (capabilities === null || release === null) return { actions: [], features: [] };
  const { actions, features } = missingAbilities(capabilities, release.manifest);
  return { actions: [...actions], features: [...features] };
}

/** Updates one server. */
export async function updateServer(
  runtime: Runtime,
  scope: OrgScope,
  { serverId, triesAgain }: { serverId: ServerId; triesAgain: boolean },
): Promise<UpdatesView> {
  const server = await requireOwnServer(runtime, scope, serverId);
  const release = requireRelease(runtime);
  if (!isOutdated(server, release))
    throw new QuarterdeckError(
      "CONFLICT",
      `${server.name} does not run a version older than ${release.manifest.version}.`,
    );
  if (!updatesItself(server))
    throw new QuarterdeckError(
      "COMMAND_UNSUPPORTED",
      `The bridge on ${server.name} cannot replace itself. Install version ${release.manifest.version} there by hand.`,
    );
  if (server.status !== "online")
    throw new QuarterdeckError("CONFLICT", `${server.name} is not connected. Update it when it is back.`);
  await start(runtime, scope, { release, servers: [server], triesAgain });
  return readUpdates(runtime, scope);
}

/** Updates every server that can be: one first, then the rest in small groups. */
export async function updateAllServers(
  runtime: Runtime,
  scope: OrgScope,
  { firstServerId }: { firstServerId: ServerId | null },
): Promise<UpdatesView> {
  if (firstServerId !== null) await requireOwnServer(runtime, scope, firstServerId);
  const release = requireRelease(runtime);
  const all = await listServerRows(runtime.db, scope);
  const able = all.filter(
    (server) =>
      server.revokedAtMs === null && server.status === "online" && isOutdated(server, release) && updatesItself(server),
  );
  if (able.length === 0)
    throw new QuarterdeckError("CONFLICT", "No connected server has an older version that can replace itself.");
  const first = able.filter((server) => server.serverId === firstServerId);
  const rest = able.filter((server) => server.serverId !== firstServerId);
  await start(runtime, scope, { release, servers: [...first, ...rest], triesAgain: false });
  return readUpdates(runtime, scope);
}

interface Start {
  readonly release: OfferedRelease;
  readonly servers: readonly Server[];
  readonly triesAgain: boolean;
}

async function start(runtime: Runtime, scope: OrgScope, { release, servers, triesAgain }: Start): Promise<void> {
  const { orgId, userId, address } = scope;
  const nowMs = runtime.clock.nowMs();
  const rolloutId = runtime.makeId("rollout");
  const { version } = release.manifest;
  const [inserted] = await runtime.writer.commit([
    ...insertRollout(scope, {
      rolloutId,
      version,
      manifestHash: release.manifestHash,
      triesAgain,
      startedBy: userId,
      startedAtMs: nowMs,
      servers: servers.map(({ serverId, capabilities }) => ({
        serverId,
        fromVersion: capabilities?.bridgeVersion ?? "unknown",
      })),
    }),
    recordAudit(
      runtime,
      { orgId, actor: userId, address, action: "servers.update", subject: rolloutId, outcome: "done", detail: version },
      previousChanged,
    ),
    ...servers.map(({ serverId }) =>
      recordChange(scope, { kind: "server", id: serverId, atMs: nowMs }, previousChanged),
    ),
  ]);
  if (inserted?.rowsChanged !== 1)
    throw new QuarterdeckError("CONFLICT", "An update is under way already. Wait until it has ended, or stop it.");
  runtime.nudgeRollouts();
}

/** Sends the update to no further server. */
export async function stopRollout(runtime: Runtime, scope: OrgScope, rolloutId: RolloutId): Promise<UpdatesView> {
  if ((await findRollout(runtime.db, scope, rolloutId)) === null) throw notFound("rollout");
  const { orgId, userId, address, email } = scope;
  const nowMs = runtime.clock.nowMs();
  await runtime.writer.commit([
    skipWaiting(scope, { rolloutId, message: `Stopped by ${email}.`, nowMs }),
    recordAudit(
      runtime,
      {
        orgId,
        actor: userId,
        address,
        action: "servers.stopUpdate",
        subject: rolloutId,
        outcome: "done",
        detail: null,
      },
      previousChanged,
    ),
    recordChange(scope, { kind: "server", id: rolloutId, atMs: nowMs }, previousChanged),
  ]);
  runtime.nudgeRollouts();
  return readUpdates(runtime, scope);
}

function requireRelease({ release }: Runtime): OfferedRelease {
  if (release === null) throw new QuarterdeckError("CONFLICT", "This platform offers no package of the bridge.");
  return release;
}
