import { randomBytes } from "node:crypto";
import { mkdir } from "node:fs/promises";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { getRequestListener } from "@hono/node-server";
import { makeId } from "@quarterdeck/core/ids";
import type { Clock } from "@quarterdeck/core/clock";
import { minuteMs } from "@quarterdeck/core/units";
import { AuditSequencer } from "./audit/sequencer.ts";
import { prepareFirstStart } from "./auth/first-start.ts";
import { createSessions } from "./auth/lucia.ts";
import { hasUsers } from "./auth/repo.ts";
import { RightsInUse } from "./auth/rights-in-use.ts";
import { RightsWatch } from "./auth/rights-watch.ts";
import { CommandSealer } from "./content/seal-command.ts";
import { StreamKeys } from "./content/stream-keys.ts";
import { openDatabase, type OpenDatabase } from "./db/database.ts";
import { lockDatabase } from "./db/lock-database.ts";
import { migrateDatabase } from "./db/migrate.ts";
import type { Env } from "./env.ts";
import { ChangeSignal } from "./events/change-signal.ts";
import { recordChangeOfAllServers } from "./events/repo.ts";
import { HousekeepingState } from "./housekeeping-state.ts";
import { startHousekeeping } from "./housekeeping.ts";
import { ConsoleSockets } from "./http/console-sockets.ts";
import { createInternalApp } from "./http/internal-app.ts";
import { PublicAddress } from "./http/public-address.ts";
import { createPublicApp } from "./http/public-app.ts";
import { removeInternalAddress, writeInternalAddress } from "./http/internal-address.ts";
import { RelayPassThrough } from "./http/relay-pass-through.ts";
import { handleUpgrades } from "./http/upgrades.ts";
import { loadMasterKey } from "./keys/master-key.ts";
import { SecretBox } from "./keys/secret-box.ts";
import { loadKeys } from "./keys/keys.ts";
import type { Log } from "./log.ts";
import { deliverBySmtp, Mailer, type DeliverMail } from "./mail/mailer.ts";
import { OutboxDrainer } from "./outbox/drainer.ts";
import { tellLimitsAtStart } from "./quotas/tell-limits-at-start.ts";
import { OpenConnections } from "./rates/open-connections.ts";
import { RequestRates } from "./rates/request-rates.ts";
import { RelayLink } from "./relay/relay-link.ts";
import type { Runtime } from "./runtime.ts";
import { systemClock } from "./system-clock.ts";
import { SubmissionLanes } from "./tasks/submission-lanes.ts";
import { loadOfferedRelease } from "./updates/offered-release.ts";
import { RolloutDriver } from "./updates/rollout-driver.ts";
import { Writer } from "./writer.ts";

export interface StartedApi {
  readonly runtime: Runtime;
  readonly database: OpenDatabase;
  readonly origin: string;
  readonly internalOrigin: string;
  /** Ends what is under way, then closes everything. */
  stop(): Promise<void>;
}

interface StartOptions {
  readonly log: Log;
  readonly clock?: Clock;
  /** What hands mails over, where that is not the mail server of the settings. */
  readonly deliverMail?: DeliverMail | null;
}

/** The signature of an update's command lives 15 minutes, and the new version has a minute to show that it works. */
const rolloutAnswerMs = 20 * minuteMs;

/** Starts the API: database, writer, outbox, the public and the internal listener. */
export async function startApi(
  env: Env,
  { log, clock = systemClock, deliverMail = null }: StartOptions,
): Promise<StartedApi> {
  await mkdir(env.dataDir, { recursive: true, mode: 0o700 });
  const lock = lockDatabase(env.databaseUrl.startsWith("file:") ? env.databaseUrl.slice("file:".length) : null);
  const database = await openDatabase(env.databaseUrl, env.databaseToken);
  const migrated = await migrateDatabase(database, { nowMs: clock.nowMs() });
  if (migrated.applied.length > 0) log.info(migrated, "the database was brought to this version");
  const keys = await loadKeys(env.dataDir);
  const publicServer = createServer();
  const internalServer = createServer();
  const address = new PublicAddress(env.publicUrl, () => portOf(publicServer));
  const { db } = database;
  const changes = new ChangeSignal();
  const writer = new Writer(database.client, { onCommit: () => changes.wake() });
  const relay = new RelayLink({
    url: env.relayUrl,
    serviceKey: keys.serviceKey,
    log,
    onReachable: () => {
      writer
        .commit([recordChangeOfAllServers(clock.nowMs())])
        .catch((error: unknown) => log.error({ err: error }, "recording a change failed"));
    },
  });
  const drainer = new OutboxDrainer({ db, writer, relay, clock, log, isAlone: database.filePath !== null });
  const sessions = createSessions({ db, writer, clock, isSecure: () => address.isSecure });
  const release = await loadOfferedRelease(env.bridgeTarball, { platform: keys.platform, log });
  const secrets = new SecretBox(await loadMasterKey(env.dataDir, env.masterKey));
  const deliver = deliverMail ?? (env.mail === null ? null : deliverBySmtp(env.mail));
  const mailer = deliver === null ? null : new Mailer(deliver, log);
  const streamKeys = new StreamKeys({ db, writer, secrets, clock });
  const runtime: Runtime = {
    env,
    log,
    clock,
    keys,
    db,
    writer,
    sessions,
    address,
    relay,
    rights: new RightsInUse(),
    mailer,
    secrets,
    streamKeys,
    commandSealer: new CommandSealer(streamKeys),
    changes,
    submissions: new SubmissionLanes(),
    requestRates: new RequestRates(clock, env.requestsPerMinute),
    connections: new OpenConnections(env.quotas.requestTiers),
    makeId: (kind) => makeId(kind, clock.nowMs(), randomBytes(16)),
    nudgeOutbox: () => drainer.nudge(),
    release,
    nudgeRollouts: () => rollouts.nudge(),
    serverHeard: () => rollouts.serverHeard(),
    housekeeping: new HousekeepingState(),
  };
  const rollouts = new RolloutDriver(runtime, {
    times: { settleMs: env.rolloutSettleMs, answerMs: rolloutAnswerMs },
    isAlone: database.filePath !== null,
  });
  const sequencer = new AuditSequencer(runtime, { isAlone: database.filePath !== null });
  const consoles = new ConsoleSockets(runtime);
  const passThrough = new RelayPassThrough(env.relayUrl, log);
  const setupPath = await prepareFirstStart(runtime);
  const readSetupLink = async () =>
    setupPath === null || (await hasUsers(db)) ? null : `${address.origin}${setupPath}`;

  const publicApp = await createPublicApp(runtime);
  const answerPublic = getRequestListener(publicApp.fetch);
  const answerInternal = getRequestListener(createInternalApp(runtime, readSetupLink).fetch);
  publicServer.on("request", (request, response) => void answerPublic(request, response));
  internalServer.on("request", (request, response) => void answerInternal(request, response));
  handleUpgrades(publicServer, runtime, { consoles, relay: passThrough });
  try {
    await listen(internalServer, { host: "127.0.0.1", port: env.internalPort, variable: "QUARTERDECK_INTERNAL_PORT" });
    await listen(publicServer, { host: env.host, port: env.port, variable: "QUARTERDECK_PORT" });
  } catch (error) {
    consoles.close();
    publicServer.close();
    internalServer.close();
    await writer.close();
    database.close();
    lock.release();
    throw error;
  }
  await writeInternalAddress(env.dataDir, `http://127.0.0.1:${portOf(internalServer)}`);
  await tellLimitsAtStart(runtime);
  drainer.start();
  rollouts.start();
  sequencer.start();
  const rightsWatch = new RightsWatch(runtime);
  const stopHousekeeping = startHousekeeping(runtime);
  const internalOrigin = `http://127.0.0.1:${portOf(internalServer)}`;
  log.info({ origin: address.origin, internalOrigin, mode: env.mode }, "the API is up");

  return {
    runtime,
    database,
    internalOrigin,
    origin: address.origin,
    async stop() {
      await removeInternalAddress(env.dataDir);
      await stopHousekeeping();
      consoles.close();
      passThrough.close();
      await Promise.all([closeServer(publicServer), closeServer(internalServer)]);
      await rightsWatch.stop();
      await rollouts.stop();
      await drainer.stop();
      await sequencer.stop();
      await mailer?.stop();
      await writer.close();
      database.close();
      lock.release();
      log.info("the API has stopped");
    },
  };
}

function portOf(server: Server): number {
  const bound = server.address();
  return typeof bound === "object" && bound !== null ? (bound satisfies AddressInfo).port : 0;
}

/** A listener could not be opened; the message says what to do. */
export class ListenError extends Error {
  override readonly name = "ListenError";
}

function listen(
  server: Server,
  { host, port, variable }: { host: string; port: number; variable: string },
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once("error", (error: NodeJS.ErrnoException) => {
      const why = error.code === "EADDRINUSE" ? "is in use by another program" : `cannot be opened (${error.message})`;
      reject(new ListenError(`Port ${port} on ${host} ${why}. Set ${variable} to another port.`, { cause: error }));
    });
    server.listen({ host, port }, resolve);
  });
}

/** Lets requests that are under way end, for a while. */
async function closeServer(server: Server): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const cut = setTimeout(() => server.closeAllConnections(), 3000);
  await closed;
  clearTimeout(cut);
}
